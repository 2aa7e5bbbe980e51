package dev.loraplus.samples.gloss;

import java.util.List;

/**
 * Names the 45 classes: WordNet's lexicographer files by file number, as in its manual page lexnames(5WN).
 *
 * @since 0.1.0
 */
public final class Supersenses {
    private static final List<String> NAMES = List.of(
            "adj.all",
            "adj.pert",
            "adv.all",
            "noun.Tops",
            "noun.act",
            "noun.animal",
            "noun.artifact",
            "noun.attribute",
            "noun.body",
            "noun.cognition",
            "noun.communication",
            "noun.event",
            "noun.feeling",
            "noun.food",
            "noun.group",
            "noun.location",
            "noun.motive",
            "noun.object",
            "noun.person",
            "noun.phenomenon",
            "noun.plant",
            "noun.possession",
            "noun.process",
            "noun.quantity",
            "noun.relation",
            "noun.shape",
            "noun.state",
            "noun.substance",
            "noun.time",
            "verb.body",
            "verb.change",
            "verb.cognition",
            "verb.communication",
            "verb.competition",
            "verb.consumption",
            "verb.contact",
            "verb.creation",
            "verb.emotion",
            "verb.motion",
            "verb.perception",
            "verb.possession",
            "verb.social",
            "verb.stative",
            "verb.weather",
            "adj.ppl");

    private Supersenses() {}

    /** Returns how many classes there are: 45. */
    public static int count() {
        return NAMES.size();
    }

    /** Returns the names, the number of a class being its index. */
    public static List<String> names() {
        return NAMES;
    }

    /**
     * Returns the name of a class.
     *
     * @throws IllegalArgumentException if there is no class of this number
     */
    public static String name(int label) {
        if (label < 0 || label >= NAMES.size()) {
            throw new IllegalArgumentException(
                    "label must be a supersense in 0.." + (NAMES.size() - 1) + ", got " + label + ".");
        }
        return NAMES.get(label);
    }
}

package dev.loraplus.samples.gloss;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Splits glosses 80/10/10 by a hash of their text, each split in the order of that hash.
 *
 * <p>The hash is SHA-256 of the text in lower case, so identical glosses, also those that differ in case only, fall on
 * one side, and neither the order of the input nor a seed changes a split.
 *
 * @param train eight tenths, to train on
 * @param validation one tenth, to choose settings with
 * @param test one tenth, to be looked at once
 * @since 0.1.0
 */
public record GlossSplits(List<Gloss> train, List<Gloss> validation, List<Gloss> test) {
    private record Hashed(Gloss gloss, long tenth, long order) {}

    /** Creates splits; the lists are copied. */
    public GlossSplits {
        train = List.copyOf(train);
        validation = List.copyOf(validation);
        test = List.copyOf(test);
    }

    /** Splits the glosses. */
    public static GlossSplits of(List<Gloss> glosses) {
        MessageDigest sha256 = sha256();
        List<Hashed> hashed = new ArrayList<>(glosses.size());
        for (Gloss gloss : glosses) {
            byte[] text = gloss.text().toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8);
            ByteBuffer hash = ByteBuffer.wrap(sha256.digest(text));
            hashed.add(new Hashed(gloss, Long.remainderUnsigned(hash.getLong(), 10), hash.getLong()));
        }
        hashed.sort(Comparator.comparingLong(Hashed::order));
        return new GlossSplits(between(hashed, 0, 8), between(hashed, 8, 9), between(hashed, 9, 10));
    }

    private static List<Gloss> between(List<Hashed> hashed, long from, long until) {
        return hashed.stream()
                .filter(entry -> entry.tenth() >= from && entry.tenth() < until)
                .map(Hashed::gloss)
                .toList();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is missing, though every Java platform must have it.", e);
        }
    }
}

package dev.loraplus;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A regular expression, which may come from a file, with bounds on the work it can cause: matching neither hangs nor
 * overflows the stack. Immutable and thread-safe.
 */
final class BoundedRegex {
    private static final int MAX_LENGTH = 10_000;
    private static final int MAX_REPETITIONS = 1_000;
    private static final int MAX_STEPS = 1_000_000;
    private static final Pattern COUNTED = Pattern.compile("\\{(\\d+)(?:,(\\d*))?}");

    private final String subject;
    private final Pattern pattern;

    private BoundedRegex(String subject, Pattern pattern) {
        this.subject = subject;
        this.pattern = pattern;
    }

    /**
     * Compiles an expression; {@code subject} is what messages call it.
     *
     * @throws IllegalArgumentException if it is malformed, too long or too deep, or all its counted repetitions, as
     *     {@code {3}}, multiply to more than 1000
     */
    static BoundedRegex of(String subject, String regex) {
        if (regex.length() > MAX_LENGTH) {
            throw new IllegalArgumentException(subject + " must be a regular expression of at most " + MAX_LENGTH
                    + " characters, got " + regex.length() + ".");
        }
        double repetitions = 1;
        for (Matcher counted = COUNTED.matcher(regex); counted.find(); ) {
            String most = counted.group(2) == null || counted.group(2).isEmpty() ? counted.group(1) : counted.group(2);
            repetitions *= Math.max(1, Double.parseDouble(most));
        }
        if (repetitions > MAX_REPETITIONS) {
            throw new IllegalArgumentException(subject + " must be a regular expression of at most " + MAX_REPETITIONS
                    + " counted repetitions, got '" + regex + "'.");
        }
        try {
            return new BoundedRegex(subject, Pattern.compile(regex));
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    subject + " must be a valid regular expression, got '" + regex + "': " + e.getDescription()
                            + " at index " + e.getIndex() + ".",
                    e);
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException(
                    subject + " must be a regular expression of moderate depth, got '" + regex + "'.", e);
        }
    }

    /**
     * Returns whether the whole text fits.
     *
     * @throws IllegalArgumentException if that takes too many steps to find out
     */
    boolean matches(String text) {
        try {
            return pattern.matcher(new Counted(text, 0, text.length(), new Steps()))
                    .matches();
        } catch (TooManySteps | StackOverflowError e) {
            throw new IllegalArgumentException(
                    subject + ": the regular expression '" + pattern + "' takes too long on '" + text
                            + "'; write it without repetitions inside repetitions.",
                    e);
        }
    }

    private static final class TooManySteps extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private static final class Steps {
        private int left = MAX_STEPS;
    }

    /** A text that counts how often its characters are looked at. */
    private record Counted(String text, int start, int end, Steps steps) implements CharSequence {
        @Override
        public int length() {
            return end - start;
        }

        @Override
        public char charAt(int index) {
            if (--steps.left < 0) {
                throw new TooManySteps();
            }
            return text.charAt(start + index);
        }

        @Override
        public CharSequence subSequence(int from, int to) {
            return new Counted(text, start + from, start + to, steps);
        }

        @Override
        public String toString() {
            return text.substring(start, end);
        }
    }
}

package dev.loraplus;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Selects the weights of a model that get low-rank factors, by name or by kind. Immutable and thread-safe.
 *
 * <p>Names are compared with the variable's name and with its {@linkplain ModulePath module path}. Exclusions win over
 * selections, as PEFT's {@code exclude_modules}.
 *
 * @since 0.1.0
 */
public final class Targets {
    private enum Kind {
        LINEAR,
        NAME,
        GLOB,
        REGEX
    }

    private record Rule(Kind kind, String text) {
        boolean matches(Candidate candidate) {
            return switch (kind) {
                case LINEAR -> candidate.linear();
                case NAME -> ModulePath.isNamed(candidate.name(), text);
                case GLOB -> fully(globPattern(text), candidate);
                case REGEX -> fully(Pattern.compile(text), candidate);
            };
        }

        private static boolean fully(Pattern pattern, Candidate candidate) {
            return pattern.matcher(candidate.name()).matches()
                    || pattern.matcher(ModulePath.dotted(candidate.name())).matches()
                    || pattern.matcher(ModulePath.of(candidate.name())).matches();
        }

        private static Pattern globPattern(String glob) {
            StringBuilder regex = new StringBuilder();
            for (int i = 0; i < glob.length(); i++) {
                char c = glob.charAt(i);
                regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf(c)));
            }
            return Pattern.compile(regex.toString());
        }

        @Override
        public String toString() {
            return kind == Kind.LINEAR
                    ? "all linear"
                    : kind.name().toLowerCase(java.util.Locale.ROOT) + " '" + text + "'";
        }
    }

    /**
     * Describes a weight that could be adapted.
     *
     * @param name the variable's name
     * @param linear whether it is a matrix that a matrix multiplication takes
     * @param description what a message says about it, for example its shape
     */
    public record Candidate(String name, boolean linear, String description) {}

    private final List<Rule> included;
    private final List<Rule> excluded;

    private Targets(List<Rule> included, List<Rule> excluded) {
        this.included = List.copyOf(included);
        this.excluded = List.copyOf(excluded);
    }

    /** Selects every matrix that a matrix multiplication takes (PEFT: {@code "all-linear"}). */
    public static Targets allLinear() {
        return new Targets(List.of(new Rule(Kind.LINEAR, "")), List.of());
    }

    /** Selects no weight: only the modules to save are trained, for example a new head alone. */
    public static Targets none() {
        return new Targets(List.of(), List.of());
    }

    /**
     * Selects weights whose name or module path equals one of {@code names} or ends with it after a dot (PEFT:
     * {@code target_modules} as a list).
     *
     * @throws IllegalArgumentException if no name is given or one is blank
     */
    public static Targets named(String... names) {
        return of(Kind.NAME, names);
    }

    /**
     * Selects weights whose whole name or module path fits one of {@code globs}: {@code *} stands for any text,
     * {@code ?} for one character.
     *
     * @throws IllegalArgumentException if no glob is given or one is blank
     */
    public static Targets glob(String... globs) {
        return of(Kind.GLOB, globs);
    }

    /**
     * Selects weights whose whole name or module path fits a regular expression (PEFT: {@code target_modules} as a
     * string).
     *
     * @throws IllegalArgumentException if the expression is blank or malformed
     */
    public static Targets regex(String regex) {
        try {
            Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "targets must be a valid regular expression, got '" + regex + "': " + e.getDescription()
                            + " at index " + e.getIndex() + ".",
                    e);
        }
        return of(Kind.REGEX, regex);
    }

    /** Returns these targets and those of {@code other} too; exclusions of both hold. */
    public Targets and(Targets other) {
        return new Targets(joined(included, other.included), joined(excluded, other.excluded));
    }

    /**
     * Returns these targets without what {@code other} selects.
     *
     * @throws IllegalArgumentException if {@code other} has exclusions of its own, which would have to be selected again
     */
    public Targets exclude(Targets other) {
        if (!other.excluded.isEmpty()) {
            throw new IllegalArgumentException(
                    "exclude takes targets without exclusions of their own, got " + other + "; name what is to stay.");
        }
        return new Targets(included, joined(excluded, other.included));
    }

    /** Returns these targets without the weights named, as {@link #named(String...)}. */
    public Targets exclude(String... names) {
        return exclude(named(names));
    }

    /**
     * Returns the names of the candidates selected, in their order; no name for {@link #none()}.
     *
     * @throws NoMatchingTargetException if nothing is selected; the message lists the candidates and says whether
     *     exclusions took them all
     */
    public List<String> resolve(Collection<Candidate> candidates) {
        List<String> chosen = new ArrayList<>();
        if (equals(none())) {
            return chosen;
        }
        int matched = 0;
        for (Candidate candidate : candidates) {
            if (included.stream().anyMatch(rule -> rule.matches(candidate))) {
                matched++;
                if (excluded.stream().noneMatch(rule -> rule.matches(candidate))) {
                    chosen.add(candidate.name());
                }
            }
        }
        if (chosen.isEmpty()) {
            String reason = matched == 0 ? "No weight matches" : "All " + matched + " matching weights are excluded by";
            throw new NoMatchingTargetException(reason + " targets " + this + ". Adaptable weights: "
                    + candidates.stream()
                            .map(c -> "'" + c.name() + "' " + c.description())
                            .toList()
                    + ".");
        }
        return chosen;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Targets that && included.equals(that.included) && excluded.equals(that.excluded);
    }

    @Override
    public int hashCode() {
        return Objects.hash(included, excluded);
    }

    @Override
    public String toString() {
        return excluded.isEmpty() ? included.toString() : included + " except " + excluded;
    }

    private static Targets of(Kind kind, String... texts) {
        List<Rule> rules = new ArrayList<>();
        for (String text : texts) {
            if (text.isBlank()) {
                throw new IllegalArgumentException("targets must not be blank, got " + List.of(texts) + ".");
            }
            rules.add(new Rule(kind, text));
        }
        if (rules.isEmpty()) {
            throw new IllegalArgumentException("targets must hold at least one name or pattern, got none.");
        }
        return new Targets(rules, List.of());
    }

    private static <T> List<T> joined(List<T> first, List<T> second) {
        List<T> all = new ArrayList<>(first);
        all.addAll(second);
        return all;
    }
}

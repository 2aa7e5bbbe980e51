package dev.loraplus;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Selects the weights of a model that get low-rank factors, by name or by kind. Immutable and thread-safe.
 *
 * <p>Names are compared with the variable's name and with its {@linkplain ModulePath module path}; in a DL4J network with
 * the layer's name, which stands for all its adaptable weights, and with {@code <layer>.<parameter>}. Exclusions win over
 * selections, as PEFT's {@code exclude_modules}.
 *
 * @since 0.1.0
 */
public final class Targets {
    private enum Kind {
        LINEAR,
        NAME,
        GLOB,
        REGEX,
        INDEX,
        LAYER_CLASS
    }

    private record Rule(Kind kind, String text) {
        boolean matches(Candidate candidate) {
            return switch (kind) {
                case LINEAR -> candidate.linear();
                case NAME -> candidate.names().anyMatch(name -> ModulePath.isNamed(name, text));
                case GLOB -> fully(globPattern(text), candidate);
                case REGEX -> fully(text, candidate);
                case INDEX -> candidate.owner() != null && candidate.owner().index() == Integer.parseInt(text);
                case LAYER_CLASS ->
                    candidate.owner() != null && candidate.owner().kinds().contains(text);
            };
        }

        private static boolean fully(String regex, Candidate candidate) {
            BoundedRegex pattern = BoundedRegex.of("targets", regex);
            return candidate
                    .names()
                    .flatMap(name -> Stream.of(name, ModulePath.dotted(name), ModulePath.of(name)))
                    .anyMatch(pattern::matches);
        }

        private static String globPattern(String glob) {
            StringBuilder regex = new StringBuilder();
            for (int i = 0; i < glob.length(); i++) {
                char c = glob.charAt(i);
                regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf(c)));
            }
            return regex.toString();
        }

        @Override
        public String toString() {
            return kind == Kind.LINEAR
                    ? "all linear"
                    : kind.name().toLowerCase(Locale.ROOT).replace('_', ' ') + " '" + text + "'";
        }
    }

    /**
     * Describes a weight that could be adapted.
     *
     * @param name the variable's name; in a network {@code <layer>.<parameter>}
     * @param linear whether it is a matrix that a matrix multiplication takes
     * @param description what a message says about it, for example its shape
     * @param owner the layer that it is a parameter of; {@code null} for a variable of a graph
     */
    public record Candidate(
            String name,
            boolean linear,
            String description,
            @Nullable Owner owner) {

        /** Describes a variable of a graph. */
        public Candidate(String name, boolean linear, String description) {
            this(name, linear, description, null);
        }

        private Stream<String> names() {
            return owner == null ? Stream.of(name) : Stream.of(name, owner.layer());
        }
    }

    /**
     * Describes the layer of a network that a weight belongs to.
     *
     * @param layer its name
     * @param index its position in the network
     * @param kinds the names of its classes, superclasses included
     */
    public record Owner(String layer, int index, Set<String> kinds) {}

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
     * @throws IllegalArgumentException if the expression is blank, malformed or longer than 10000 characters, or counts
     *     repetitions beyond 1000; where the targets are used, if it takes too long on a name
     */
    public static Targets regex(String regex) {
        BoundedRegex.of("targets", regex);
        return of(Kind.REGEX, regex);
    }

    /**
     * Selects weights of the layers at these positions of a network: its layers in order, in a ComputationGraph in
     * topological order.
     *
     * @throws IllegalArgumentException if no index is given or one is negative
     */
    public static Targets index(int... indices) {
        for (int index : indices) {
            if (index < 0) {
                throw new IllegalArgumentException("targets must have an index of at least 0, got " + index + ".");
            }
        }
        return of(Kind.INDEX, Arrays.stream(indices).mapToObj(String::valueOf).toArray(String[]::new));
    }

    /**
     * Selects weights of a network's layers whose configuration is of one of these classes, or wraps one, for example
     * {@code LSTM.class}.
     *
     * @throws IllegalArgumentException if no class is given
     */
    public static Targets layerClass(Class<?>... classes) {
        return of(Kind.LAYER_CLASS, Arrays.stream(classes).map(Class::getName).toArray(String[]::new));
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

    /** Returns whether a regular expression selects. */
    boolean hasRegex() {
        return included.stream().anyMatch(rule -> rule.kind() == Kind.REGEX);
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

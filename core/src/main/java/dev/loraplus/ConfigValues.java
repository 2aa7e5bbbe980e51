package dev.loraplus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Holds the values of a {@link LoraConfig} with their defaults, which are written here and nowhere else. */
final class ConfigValues {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigValues.class);

    int rank = 8;
    double alpha = 16;
    double lambda = 16;
    ModulePatterns<Integer> rankPattern = ModulePatterns.none();
    ModulePatterns<Double> alphaPattern = ModulePatterns.none();
    ModulePatterns<Double> lambdaPattern = ModulePatterns.none();
    boolean rsLora;
    boolean dora;
    Bias bias = Bias.NONE;
    boolean loraBias;
    double dropout;
    Targets targets = Targets.allLinear();
    LayerSelection layers = LayerSelection.ALL;
    List<String> modulesToSave = List.of();
    OptionalDouble headRate = OptionalDouble.empty();
    OptionalDouble embeddingRate = OptionalDouble.empty();
    Initialization initialization = Initialization.A_RANDOM_B_ZERO;
    long seed;

    ConfigValues copy() {
        ConfigValues copy = new ConfigValues();
        copy.rank = rank;
        copy.alpha = alpha;
        copy.lambda = lambda;
        copy.rankPattern = rankPattern;
        copy.alphaPattern = alphaPattern;
        copy.lambdaPattern = lambdaPattern;
        copy.rsLora = rsLora;
        copy.dora = dora;
        copy.bias = bias;
        copy.loraBias = loraBias;
        copy.dropout = dropout;
        copy.targets = targets;
        copy.layers = layers;
        copy.modulesToSave = modulesToSave;
        copy.headRate = headRate;
        copy.embeddingRate = embeddingRate;
        copy.initialization = initialization;
        copy.seed = seed;
        return copy;
    }

    /** Returns every value by its name, in the order in which people read them. */
    Map<String, Object> byName() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("rank", rank);
        values.put("alpha", alpha);
        values.put("lambda", lambda);
        values.put("rankPattern", rankPattern);
        values.put("alphaPattern", alphaPattern);
        values.put("lambdaPattern", lambdaPattern);
        values.put("rsLora", rsLora);
        values.put("dora", dora);
        values.put("bias", bias);
        values.put("loraBias", loraBias);
        values.put("dropout", dropout);
        values.put("targets", targets);
        values.put("layersToTransform", layers.indices());
        values.put("layersPattern", layers.patterns());
        values.put("modulesToSave", modulesToSave);
        values.put("headRate", orEta(headRate));
        values.put("embeddingRate", orEta(embeddingRate));
        values.put("initialization", initialization);
        values.put("seed", seed);
        return values;
    }

    private static Object orEta(OptionalDouble rate) {
        return rate.isPresent() ? rate.getAsDouble() : "default";
    }

    void check() {
        requireRank("rank", rank);
        requirePositive("alpha", alpha);
        requirePositive("lambda", lambda);
        rankPattern.values().forEach((key, value) -> requireRank("rankPattern '" + key + "'", value));
        alphaPattern.values().forEach((key, value) -> requirePositive("alphaPattern '" + key + "'", value));
        lambdaPattern.values().forEach((key, value) -> requirePositive("lambdaPattern '" + key + "'", value));
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("dropout must be in [0, 1), got " + dropout + ".");
        }
        headRate.ifPresent(value -> requirePositive("headRate", value));
        embeddingRate.ifPresent(value -> requirePositive("embeddingRate", value));
        layers.check(targets);
        checkTrained();
        checkLoraBias();
        warnOfLambda();
    }

    private void checkTrained() {
        for (String name : modulesToSave) {
            if (name.isBlank()) {
                throw new IllegalArgumentException(
                        "modulesToSave must hold names of modules or variables, got a blank one: " + modulesToSave);
            }
        }
        if (headRate.isPresent() && modulesToSave.isEmpty()) {
            throw new IllegalArgumentException("headRate = " + headRate.getAsDouble()
                    + " has no effect without modulesToSave; name the modules to train fully, or drop headRate.");
        }
        if (!targets.equals(Targets.none())) {
            return;
        }
        if (modulesToSave.isEmpty() && bias != Bias.ALL) {
            throw new IllegalArgumentException(
                    "targets and modulesToSave are both empty: nothing would be trained; name at least one.");
        }
        List<String> idle = ofFactors();
        if (!idle.isEmpty()) {
            throw new IllegalArgumentException(
                    idle + " have no effect without targets; name the weights to adapt, or drop them.");
        }
    }

    private List<String> ofFactors() {
        List<String> set = new ArrayList<>();
        Map<String, Object> standard = new ConfigValues().byName();
        Map<String, Object> values = byName();
        for (String name : List.of(
                "rankPattern",
                "alphaPattern",
                "lambdaPattern",
                "rsLora",
                "dora",
                "loraBias",
                "layersToTransform",
                "embeddingRate")) {
            if (!Objects.equals(values.get(name), standard.get(name))) {
                set.add(name);
            }
        }
        if (bias == Bias.LORA_ONLY) {
            set.add("bias");
        }
        return set;
    }

    private void checkLoraBias() {
        if (loraBias && dora) {
            throw new IllegalArgumentException("loraBias can't be used with dora, as in PEFT; drop one of them.");
        }
        boolean plain =
                initialization == Initialization.A_RANDOM_B_ZERO || initialization == Initialization.B_RANDOM_A_ZERO;
        if (loraBias && !plain) {
            throw new IllegalArgumentException(
                    "loraBias needs the initialization A_RANDOM_B_ZERO or B_RANDOM_A_ZERO, as" + " in PEFT, got "
                            + initialization + "; change it, or drop loraBias.");
        }
    }

    private void warnOfLambda() {
        if (lambda < 1) {
            LOG.warn("lambda = {} makes B learn slower than A; LoRA+ uses lambda >= 1 (arXiv 2402.12354).", lambda);
        }
        lambdaPattern.values().forEach((key, value) -> {
            if (value < 1) {
                LOG.warn("lambda = {} of '{}' makes B learn slower than A; LoRA+ uses lambda >= 1.", value, key);
            }
        });
    }

    private static void requireRank(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, got " + value + ".");
        }
    }

    private static void requirePositive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " must be finite and above 0, got " + value + ".");
        }
    }
}

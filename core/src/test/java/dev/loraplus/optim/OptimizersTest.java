package dev.loraplus.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class OptimizersTest {
    private static final long SEED = 42;
    private static final long[] SHAPE = {3, 4};
    private static final String NAMES = "adamW, adam, amsGrad, nadam, sgd, momentum, nesterov, rmsProp, adaGrad";
    private static final List<String> ALL = List.of(NAMES.split(", "));

    /** Twenty steps of two parameters with rates and decays of their own, through a linear schedule. */
    @ParameterizedTest
    @CsvSource({"FLOAT, 1e-6", "DOUBLE, 1e-13"})
    void trajectories_areThoseOfTorch(DataType type, double tolerance) throws IOException {
        JsonNode golden = golden();
        for (String method : ALL) {
            Optimizer optimizer =
                    method.equals("amsGrad") ? Optimizers.amsGrad(new AdamW.Config(0.8, 0.9, 1e-8)) : create(method);
            for (String name : List.of("a", "b")) {
                JsonNode data = golden.at("/data/" + type + "/" + name);
                JsonNode expected = golden.at("/cases/" + method + "/" + type + "/" + name);
                double worst = largestError(optimizer, name, type, data, expected, golden);
                assertThat(worst).as(method + " " + name).isLessThan(tolerance);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"FLOAT, 1e-6, 0.1", "FLOAT, 1e-6, 0", "DOUBLE, 1e-13, 0.1", "DOUBLE, 1e-13, 0"})
    void trajectories_areThoseOfTheFormulasInDouble(DataType type, double tolerance, double decay) {
        for (String method : ALL) {
            Random random = new Random(SEED);
            double[] start = inType(random.doubles(12, -1, 1).toArray(), type);
            INDArray parameter = array(start, type, SHAPE);
            NaiveOptimizer naive = new NaiveOptimizer(method, start);
            Optimizer optimizer = create(method);
            for (int step = 0; step < 20; step++) {
                double[] gradient = inType(random.doubles(12, -1, 1).toArray(), type);
                double rate = 0.01 / (1 + step);
                naive.update(gradient, rate, decay);
                optimizer.update("p", parameter, array(gradient, type, SHAPE), step, rate, decay);
            }
            assertThat(relative(values(parameter), naive.p))
                    .as(method + ", seed " + SEED)
                    .isLessThan(tolerance);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"FLOAT", "DOUBLE"})
    void rateZero_leavesEveryBitButCountsTheGradient(DataType type) {
        double[] start = {0.1, -0.0, 3e-30, 1e30, -0.7, 5, 6, 7, 8, 9, 10, 11};
        for (String method : ALL) {
            INDArray parameter = array(start, type, SHAPE);
            INDArray before = parameter.dup();
            Optimizer optimizer = create(method);

            optimizer.update("p", parameter, array(new double[12], type, SHAPE).addi(3), 0, 0, 0);

            assertThat(values(parameter)).as(method).containsExactly(values(before));
            assertThat(1 / parameter.getDouble(1)).as("sign of -0.0").isNegative();
            assertThat(Objects.requireNonNull(optimizer.state().get("p")).values())
                    .as(method)
                    .allMatch(slot -> slot.minNumber().doubleValue() > 0);
        }
    }

    @Test
    void restoredState_continuesBitForBit() {
        for (String method : ALL) {
            Random random = new Random(SEED);
            double[][] gradients = new double[6][];
            Arrays.setAll(gradients, step -> random.doubles(12, -1, 1).toArray());
            INDArray through = array(new double[12], DataType.FLOAT, SHAPE);
            Optimizer first = create(method);
            for (int step = 0; step < 3; step++) {
                first.update("p", through, array(gradients[step], DataType.FLOAT, SHAPE), step, 0.01, 0.1);
            }
            INDArray resumed = through.dup();
            Optimizer second = create(method);
            second.restore(first.state());
            for (int step = 3; step < 6; step++) {
                first.update("p", through, array(gradients[step], DataType.FLOAT, SHAPE), step, 0.01, 0.1);
                second.update("p", resumed, array(gradients[step], DataType.FLOAT, SHAPE), step, 0.01, 0.1);
            }
            assertThat(values(resumed)).as(method).containsExactly(values(through));
        }
    }

    @Test
    void update_takesViewsAndColumnMajorGradients() {
        for (String method : ALL) {
            Random random = new Random(SEED);
            double[] start = random.doubles(12, -1, 1).toArray();
            double[] gradient = random.doubles(12, -1, 1).toArray();
            INDArray plain = array(start, DataType.DOUBLE, SHAPE);
            INDArray viewed = Nd4j.create(DataType.DOUBLE, 5, 6)
                    .get(NDArrayIndex.interval(1, 4), NDArrayIndex.interval(2, 6))
                    .assign(plain);
            Optimizer optimizer = create(method);
            for (int step = 0; step < 3; step++) {
                INDArray ordered = array(gradient, DataType.DOUBLE, SHAPE);
                INDArray columns = ordered.dup('f');
                optimizer.update("plain", plain, ordered, step, 0.01, 0.1);
                optimizer.update("viewed", viewed, columns, step, 0.01, 0.1);
            }
            assertThat(relative(values(viewed), values(plain))).as(method).isLessThan(1e-15);
        }
    }

    @Test
    void stateOfAnotherMethod_isRefusedAndChangesNothing() {
        Optimizer sgd = Optimizers.sgd(0.9);
        INDArray parameter = array(new double[12], DataType.FLOAT, SHAPE);
        sgd.update("p", parameter, parameter.dup(), 0, 0.1, 0);
        Optimizer adam = Optimizers.adam();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> adam.restore(sgd.state()))
                .withMessageContaining("state of 'p' must have the slots [m, v] for Adam(")
                .withMessageContaining("got [momentum]");
        assertThat(adam.state()).isEmpty();
    }

    @Test
    void constantsOutsideTheirRange_areRefused() {
        for (double bad : new double[] {-0.1, 1, Double.NaN}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Optimizers.sgd(bad))
                    .withMessageContaining("momentum must be in [0, 1), got " + bad);
            assertThatIllegalArgumentException().isThrownBy(() -> Optimizers.rmsProp(bad, 1e-8));
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Optimizers.nesterov(0))
                .withMessageContaining("momentum must be in (0, 1), got 0.0");
        assertThatIllegalArgumentException().isThrownBy(() -> Optimizers.rmsProp(0.99, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> Optimizers.adaGrad(0));
        assertThatIllegalArgumentException().isThrownBy(() -> Optimizers.nadam(AdamW.Config.DEFAULT, -1));
    }

    /** A checkpoint compares names, so two methods or constants must never share one. */
    @Test
    void names_tellMethodsAndConstantsApart() {
        assertThat(ALL.stream().map(method -> create(method).name()))
                .doesNotHaveDuplicates()
                .contains("AdamW(beta1=0.9, beta2=0.999, epsilon=1.0E-8)", "SGD(momentum=0.9)");
        assertThat(Optimizers.adaGrad(1e-8).name())
                .isNotEqualTo(Optimizers.adaGrad().name());
    }

    private static Optimizer create(String method) {
        return switch (method) {
            case "adamW" -> Optimizers.adamW();
            case "adam" -> Optimizers.adam();
            case "amsGrad" -> Optimizers.amsGrad();
            case "nadam" -> Optimizers.nadam();
            case "sgd" -> Optimizers.sgd(0);
            case "momentum" -> Optimizers.sgd(0.9);
            case "nesterov" -> Optimizers.nesterov(0.9);
            case "rmsProp" -> Optimizers.rmsProp();
            case "adaGrad" -> Optimizers.adaGrad();
            default -> throw new IllegalArgumentException(method);
        };
    }

    private static double largestError(
            Optimizer optimizer, String name, DataType type, JsonNode data, JsonNode expected, JsonNode golden) {
        long[] shape = Arrays.stream(doubles(data.get("shape")))
                .mapToLong(size -> (long) size)
                .toArray();
        INDArray parameter = array(doubles(data.get("start")), type, shape);
        int steps = golden.get("steps").asInt();
        double worst = 0;
        int shown = 0;
        for (int step = 0; step < steps; step++) {
            double rate =
                    data.get("rate").asDouble() * Schedule.linear(0, steps).factor(step);
            INDArray gradient = array(doubles(data.get("gradients").get(step)), type, shape);
            optimizer.update(
                    name, parameter, gradient, step, rate, data.get("decay").asDouble());
            if (step + 1 == golden.get("shown").get(shown).asInt()) {
                worst = Math.max(worst, relative(values(parameter), doubles(expected.get(shown))));
                shown++;
            }
        }
        assertThat(shown).isEqualTo(golden.get("shown").size());
        return worst;
    }

    private static INDArray array(double[] values, DataType type, long[] shape) {
        return Nd4j.createFromArray(values).castTo(type).reshape('c', shape);
    }

    private static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }

    private static double[] inType(double[] values, DataType type) {
        return type == DataType.FLOAT
                ? Arrays.stream(values).map(value -> (float) value).toArray()
                : values;
    }

    private static double relative(double[] actual, double[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        double difference = 0;
        double size = 0;
        for (int i = 0; i < actual.length; i++) {
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            size += expected[i] * expected[i];
        }
        return Math.sqrt(difference / size);
    }

    private static double[] doubles(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    private static JsonNode golden() throws IOException {
        try (InputStream in = OptimizersTest.class.getResourceAsStream("/optim/optimizers-torch-2.15.0.json")) {
            return new ObjectMapper().readTree(in);
        }
    }
}

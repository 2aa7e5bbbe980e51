package dev.loraplus.samediff;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.AdapterReport;
import dev.loraplus.AdapterReport.Amount;
import dev.loraplus.AdapterReport.Parameter;
import dev.loraplus.AdapterReport.Target;
import dev.loraplus.LoraConfig;
import dev.loraplus.math.ChangeStatistics;
import dev.loraplus.optim.TrainedParameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Describes an adapted graph.
 *
 * @param graph the graph, in whatever state
 * @param config what the adapter was made with
 * @param scale what its scaling is multiplied by
 * @param targets the weights with factors
 * @param factors their factors
 * @param base the frozen weights, as they are without the adapter
 * @param frozen what the factors' products are added to
 */
record GraphReport(
        SameDiff graph,
        LoraConfig config,
        double scale,
        List<AdaptableWeight> targets,
        Map<String, Factors> factors,
        Map<String, INDArray> base,
        Map<String, INDArray> frozen) {

    /** Returns the report on an adapter with these trained parameters. */
    AdapterReport of(List<TrainedParameter> parameters) {
        long trained = 0;
        long bytes = 0;
        List<Parameter> rows = new ArrayList<>();
        for (TrainedParameter parameter : parameters) {
            trained += parameter.length();
            bytes += parameter.length() * type(parameter.name()).width();
            rows.add(new Parameter(
                    parameter.name(), shape(parameter.shape()), parameter.kind().name(), null));
        }
        return new AdapterReport(
                new Amount(trained, bytes),
                amount(base.values()),
                targets.stream().map(this::target).toList(),
                rows);
    }

    private Target target(AdaptableWeight weight) {
        Factors pair = Objects.requireNonNull(factors.get(weight.name()));
        INDArray values = Objects.requireNonNull(base.get(weight.name()));
        double scaling = scale * config.scalingOf(weight.name());
        return new Target(
                weight.name(),
                shape(values.shape()),
                (int) pair.a().size(1),
                scaling,
                config.lambdaOf(weight.name()),
                weight.uses().stream().map(WeightUse::toString).toList(),
                change(weight, pair, scaling, values));
    }

    private ChangeStatistics change(AdaptableWeight weight, Factors pair, double scaling, INDArray values) {
        return pair.magnitude() == null && !config.initialization().changesBase()
                ? ChangeStatistics.of(pair.a(), pair.b(), scaling, values)
                : ChangeStatistics.of(
                        pair.a(),
                        pair.b(),
                        scaling,
                        pair.magnitude(),
                        weight.view().weightOf(Objects.requireNonNull(frozen.get(weight.name()))),
                        weight.view().weightOf(values));
    }

    /** Returns a parameter's type; those of a merged adapter are not in the graph, and have their weight's. */
    private DataType type(String parameter) {
        return graph.hasVariable(parameter)
                ? graph.getVariable(parameter).dataType()
                : targets.stream()
                        .filter(weight -> parameter.startsWith(weight.name() + Branches.MARK))
                        .findFirst()
                        .orElseThrow()
                        .dataType();
    }

    private static Amount amount(Collection<INDArray> arrays) {
        return new Amount(
                arrays.stream().mapToLong(INDArray::length).sum(),
                arrays.stream()
                        .mapToLong(array -> array.length() * array.dataType().width())
                        .sum());
    }

    private static List<Long> shape(long[] shape) {
        return Arrays.stream(shape).boxed().toList();
    }
}

package dev.loraplus.network;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.AdapterReport;
import dev.loraplus.AdapterReport.Amount;
import dev.loraplus.AdapterReport.Parameter;
import dev.loraplus.AdapterReport.Target;
import dev.loraplus.math.ChangeStatistics;
import dev.loraplus.optim.TrainedParameter;
import dev.loraplus.optim.TrainedParameter.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * Describes an adapted network.
 *
 * @param sites its layers
 * @param type the type of its parameters
 * @param iteration the network's count of iterations, for rates
 * @param epoch the network's count of epochs, for rates
 */
record NetworkDescription(List<Site> sites, DataType type, int iteration, int epoch) {

    /** Returns the trained parameters of a layer: factors, or everything. */
    static List<TrainedParameter> parameters(Site site) {
        List<TrainedParameter> parameters = new ArrayList<>();
        if (site.runtime() instanceof AdapterLayer layer) {
            AdapterParameters own = layer.parameters();
            own.factors().forEach((key, pair) -> {
                boolean embedding = own.adapted(key).embedding();
                add(parameters, site, FactorKeys.a(key), pair.a(), embedding ? Kind.EMBEDDING_A : Kind.FACTOR_A);
                add(parameters, site, FactorKeys.b(key), pair.b(), embedding ? Kind.EMBEDDING_B : Kind.FACTOR_B);
                add(parameters, site, FactorKeys.bias(key), pair.bias(), Kind.FACTOR_B_BIAS);
                boolean convolution = FileParameter.factors(
                                site, key, own.weight(key), own.base(key).shape())
                        .slot()
                        .layout()
                        .isConvolution();
                add(
                        parameters,
                        site,
                        FactorKeys.magnitude(key),
                        pair.magnitude(),
                        convolution ? Kind.CONV_MAGNITUDE : Kind.MAGNITUDE);
            });
            own.biases().forEach((key, bias) -> add(parameters, site, FactorKeys.trained(key), bias, Kind.BASE_BIAS));
        } else if (AdaptedNetwork.isTrained(site)) {
            site.runtime().paramTable().forEach((key, array) -> {
                boolean weight = array.rank() > 1 && array.size(0) > 1;
                add(parameters, site, key, array, weight ? Kind.WEIGHT : Kind.BIAS);
            });
        }
        return parameters;
    }

    AdapterReport report() {
        long trained = 0;
        long frozen = 0;
        List<Target> targets = new ArrayList<>();
        List<Parameter> rows = new ArrayList<>();
        for (Site site : sites) {
            for (TrainedParameter parameter : parameters(site)) {
                trained += parameter.length();
                rows.add(new Parameter(
                        parameter.name(),
                        shape(parameter.shape()),
                        parameter.kind().name(),
                        rate(site, parameter)));
            }
            if (site.runtime() instanceof AdapterLayer layer) {
                frozen += layer.parameters().base().length()
                        - layer.parameters().spec().biasLength();
                layer.parameters().factors().forEach((key, pair) -> targets.add(target(site, layer, key, pair)));
            }
        }
        return new AdapterReport(amount(trained), amount(frozen), targets, rows);
    }

    private static Target target(Site site, AdapterLayer layer, String key, Factors pair) {
        LoraLayer conf = (LoraLayer) site.conf();
        AdaptedWeight settings = layer.parameters().adapted(key);
        double scaling = layer.parameters().scaling(key);
        INDArray weight = layer.parameters().base(key);
        String use = conf.getUnderlying().getClass().getSimpleName()
                + (BranchLayers.supports(conf.getUnderlying()) && !settings.dora()
                        ? ": branch right"
                        : ": effective weight");
        return new Target(
                site.name() + "." + key,
                shape(weight.shape()),
                (int) pair.a().size(1),
                scaling,
                settings.lambda(),
                List.of(use),
                change(layer.parameters(), key, pair));
    }

    private static ChangeStatistics change(AdapterParameters parameters, String key, Factors pair) {
        TakenStart start = parameters.start(key);
        double scaling = parameters.scaling(key);
        if (start == null && pair.magnitude() == null) {
            return ChangeStatistics.of(pair.a(), pair.b(), scaling, parameters.base(key));
        }
        INDArray weight = parameters.weight(key).of(parameters.base(key));
        INDArray frozen = weight.dup();
        if (start != null) {
            start.from(frozen);
        }
        return ChangeStatistics.of(pair.a(), pair.b(), scaling, pair.magnitude(), frozen, weight);
    }

    private @Nullable Double rate(Site site, TrainedParameter parameter) {
        String key = parameter.name().substring(site.name().length() + 1);
        IUpdater updater = site.runtime().getConfig().getUpdaterByParam(key);
        return updater.hasLearningRate() ? updater.getLearningRate(iteration, epoch) : null;
    }

    private Amount amount(long parameters) {
        return new Amount(parameters, parameters * type.width());
    }

    private static void add(
            List<TrainedParameter> parameters, Site site, String key, @Nullable INDArray array, Kind kind) {
        if (array != null) {
            parameters.add(new TrainedParameter(site.name() + "." + key, array.shape(), kind));
        }
    }

    private static List<Long> shape(long[] shape) {
        return Arrays.stream(shape).boxed().toList();
    }
}

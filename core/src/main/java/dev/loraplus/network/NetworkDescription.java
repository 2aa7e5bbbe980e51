package dev.loraplus.network;

import dev.loraplus.LoraConfig;
import dev.loraplus.optim.TrainedParameter;
import dev.loraplus.optim.TrainedParameter.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;

/** Describes an adapted network for people. */
final class NetworkDescription {
    private final LoraConfig config;
    private final List<Site> sites;
    private final int iteration;

    NetworkDescription(LoraConfig config, List<Site> sites, int iteration) {
        this.config = config;
        this.sites = sites;
        this.iteration = iteration;
    }

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

    /** Returns totals, then a line for each trained parameter: name, shape, and its learning rate now. */
    String text(int epoch) {
        StringBuilder text = new StringBuilder();
        long trained = 0;
        long all = 0;
        for (Site site : sites) {
            if (site.conf() instanceof LoraLayer lora) {
                long factors = lora.spec().factorLength();
                trained += lora.spec().mode() == LayerMode.TRAINED
                        ? lora.spec().length()
                        : factors + lora.spec().biasLength();
                all += lora.spec().origin().length() + factors;
            } else {
                trained += site.runtime().numParams();
                all += site.runtime().numParams();
            }
        }
        text.append(String.format(
                "%d of %d parameters are trained (%.2f %%); rank %d, scaling %s, lambda %s%n",
                trained, all, 100.0 * trained / all, config.rank(), config.scaling(), config.lambda()));
        for (Site site : sites) {
            for (TrainedParameter parameter : parameters(site)) {
                text.append(String.format(
                        "%s %s %s, rate %s%n",
                        parameter.name(),
                        Arrays.toString(parameter.shape()),
                        parameter.kind(),
                        rate(site, parameter, epoch)));
            }
        }
        return text.toString();
    }

    private String rate(Site site, TrainedParameter parameter, int epoch) {
        String key = parameter.name().substring(site.name().length() + 1);
        IUpdater updater = site.runtime().getConfig().getUpdaterByParam(key);
        return updater.hasLearningRate() ? String.valueOf(updater.getLearningRate(iteration, epoch)) : "none";
    }

    private static void add(
            List<TrainedParameter> parameters, Site site, String key, @Nullable INDArray array, Kind kind) {
        if (array != null) {
            parameters.add(new TrainedParameter(site.name() + "." + key, array.shape(), kind));
        }
    }
}

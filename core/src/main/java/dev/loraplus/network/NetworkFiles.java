package dev.loraplus.network;

import dev.loraplus.Adapter;
import dev.loraplus.Adapter.Factors;
import dev.loraplus.Adapter.Saved;
import dev.loraplus.io.PeftAdapterFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Writes adapters of networks to files, under the names that PyTorch's layers have. */
final class NetworkFiles {
    private static final String WEIGHT = "." + DefaultParamInitializer.WEIGHT_KEY;
    private static final String BIAS = "." + DefaultParamInitializer.BIAS_KEY;

    private NetworkFiles() {}

    /**
     * Writes an adapter; the module of the weight {@code W} of a layer has the layer's name.
     *
     * @throws UnsupportedOperationException if a weight of more than two dimensions is adapted
     * @throws IOException if the folder can't be written
     */
    static void write(Path folder, Adapter adapter, List<Site> sites) throws IOException {
        requireMatrices(sites);
        Map<String, Factors> factors = new LinkedHashMap<>();
        adapter.factors().forEach((name, pair) -> factors.put(renamed(name, WEIGHT, ""), pair));
        Map<String, Saved> saved = new LinkedHashMap<>();
        adapter.saved()
                .forEach((name, value) ->
                        saved.put(renamed(renamed(name, WEIGHT, ".weight"), BIAS, ".bias"), asInPyTorch(value)));
        PeftAdapterFile.write(folder, new Adapter(adapter.config(), factors, saved, adapter.provenance()));
    }

    private static void requireMatrices(List<Site> sites) {
        List<String> others = new ArrayList<>();
        for (Site site : sites) {
            if (site.runtime() instanceof AdapterLayer layer) {
                layer.parameters().factors().keySet().stream()
                        .filter(key -> layer.parameters().base(key).rank() > 2)
                        .forEach(key -> others.add(site.name() + "." + key));
            }
        }
        if (!others.isEmpty()) {
            throw new UnsupportedOperationException("The weights " + others
                    + " have more than two dimensions, for which there is no layout in a file yet; save the network "
                    + "itself by ModelSerializer.");
        }
    }

    /** Returns a row of DL4J as the vector it is. */
    private static Saved asInPyTorch(Saved saved) {
        INDArray value = saved.value();
        return value.rank() == 2 && value.size(0) == 1 ? new Saved(value.reshape(value.length()), false) : saved;
    }

    private static String renamed(String name, String ending, String other) {
        return name.endsWith(ending) ? name.substring(0, name.length() - ending.length()) + other : name;
    }
}

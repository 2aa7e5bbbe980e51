package dev.loraplus.network;

import dev.loraplus.io.BaseFingerprint;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Finds the base weights under an adapted network. */
final class NetworkBases {
    private NetworkBases() {}

    /** Returns the flat base weights of all layers that are in memory, by name of the layer. */
    static Map<String, INDArray> of(List<Site> sites) {
        Map<String, INDArray> bases = new LinkedHashMap<>();
        for (Site site : sites) {
            if (site.runtime() instanceof AdapterLayer layer) {
                bases.put(site.name(), layer.parameters().base());
            } else if (site.conf() instanceof LoraLayer lora
                    && lora.spec().origin().baseId() != null) {
                INDArray known = BaseWeightStore.find(lora.spec().origin().baseId());
                if (known != null) {
                    bases.put(site.name(), known);
                }
            }
        }
        return bases;
    }

    /**
     * Returns the flat base weights of a layer that was not in memory before.
     *
     * @throws IllegalStateException if they still are not
     */
    static INDArray require(Site site) {
        String id = ((LoraLayer) site.conf()).spec().origin().baseId();
        return BaseWeightStore.require(String.valueOf(id), site.name());
    }

    /** Returns the SHA-256 of the names and hashes of all frozen layers; those trained fully are the adapter's own. */
    static String fingerprint(List<Site> sites) {
        Map<String, INDArray> ids = new TreeMap<>();
        for (Site site : sites) {
            if (site.conf() instanceof LoraLayer lora && !AdaptedNetwork.isTrained(site)) {
                ids.put(site.name() + ":" + id(site, lora), Nd4j.scalar(0));
            }
        }
        return BaseFingerprint.of(ids);
    }

    private static String id(Site site, LoraLayer lora) {
        String id = lora.spec().origin().baseId();
        return id == null && site.runtime() instanceof AdapterLayer layer
                ? BaseWeightStore.id(layer.parameters().base())
                : String.valueOf(id);
    }
}

package dev.loraplus.samediff;

import dev.loraplus.Adapter;
import dev.loraplus.LoraConfig;
import dev.loraplus.NoMatchingTargetException;
import dev.loraplus.io.AdapterLoading;
import dev.loraplus.io.BaseFingerprint;
import dev.loraplus.io.PeftAdapterFile;
import dev.loraplus.io.Slot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.nd4j.autodiff.samediff.SameDiff;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts an adapter from a file onto a graph: everything is checked before the graph is changed. */
final class GraphLoading {
    private static final Logger LOG = LoggerFactory.getLogger(GraphLoading.class);

    private GraphLoading() {}

    static AdaptedGraph load(
            SameDiff graph,
            PeftAdapterFile file,
            Path folder,
            boolean anyBase,
            UnaryOperator<LoraConfig.Builder> change)
            throws IOException {
        LoraConfig config = AdapterLoading.config(file, change);
        GraphPlan plan = plan(graph, config, folder);
        Adapter adapter = file.bind(slots(graph, plan));
        if (!anyBase) {
            AdapterLoading.requireBase(file, folder, "graph", () -> fingerprint(graph, plan));
        }
        file.notes().forEach(note -> LOG.info("{}: {}", folder, note));
        config.idlePatterns(plan.targets().stream().map(AdaptableWeight::name).toList())
                .forEach(pattern -> LOG.warn("{}: no target takes {}, which has no effect.", folder, pattern));
        return AdaptedGraph.restored(graph, plan, config, adapter);
    }

    private static String fingerprint(SameDiff graph, GraphPlan plan) {
        return BaseFingerprint.of(AdaptedGraph.baseWeights(graph, plan.saved().keySet(), Set.of()));
    }

    private static GraphPlan plan(SameDiff graph, LoraConfig config, Path folder) throws IOException {
        try {
            return GraphPlan.of(graph, config);
        } catch (NoMatchingTargetException e) {
            throw new IOException("The adapter in " + folder + " does not fit the graph: " + e.getMessage(), e);
        }
    }

    private static List<Slot> slots(SameDiff graph, GraphPlan plan) {
        List<Slot> slots = new ArrayList<>();
        for (AdaptableWeight weight : plan.targets()) {
            slots.add(Slot.factors(
                    weight.name(), weight.view().nIn(), weight.view().nOut(), weight.layout()));
        }
        for (SavedVariable saved : plan.saved().values()) {
            long[] shape = graph.getVariable(saved.name()).getArr().shape();
            slots.add(
                    saved.biasOf() == null
                            ? Slot.saved(saved.name(), shape, saved.transposed())
                            : Slot.bias(saved.name(), shape, saved.biasOf()));
        }
        return slots;
    }
}

package dev.loraplus.samediff;

import dev.loraplus.Adapter;
import dev.loraplus.LoraConfig;
import dev.loraplus.ModulePath;
import dev.loraplus.NoMatchingTargetException;
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
        LoraConfig config = changed(withModulesOf(file), change);
        GraphPlan plan = plan(graph, config, folder);
        Adapter adapter = file.bind(slots(graph, plan));
        checkBase(graph, plan, file, folder, anyBase);
        file.notes().forEach(note -> LOG.info("{}: {}", folder, note));
        return AdaptedGraph.restored(graph, plan, config, adapter);
    }

    private static LoraConfig changed(LoraConfig config, UnaryOperator<LoraConfig.Builder> change) {
        LoraConfig changed = change.apply(config.toBuilder()).build();
        boolean sameShape = changed.rank() == config.rank()
                && changed.alpha() == config.alpha()
                && changed.targets().equals(config.targets())
                && changed.modulesToSave().equals(config.modulesToSave());
        if (!sameShape) {
            throw new IllegalArgumentException("rank, alpha, targets and modulesToSave are those of the file when an"
                    + " adapter is loaded, got " + changed + " for " + config + "; change lambda, headRate, dropout or"
                    + " seed only.");
        }
        return changed;
    }

    /** PEFT lists names of heads that a model may have; those without a tensor in the file are left out. */
    private static LoraConfig withModulesOf(PeftAdapterFile file) {
        LoraConfig config = file.config();
        String[] held = config.modulesToSave().stream()
                .filter(module -> file.savedVariables().stream().anyMatch(name -> ModulePath.isWithin(name, module)))
                .toArray(String[]::new);
        return config.toBuilder().modulesToSave(held).build();
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
                    weight.name(), weight.view().nIn(), weight.view().nOut()));
        }
        for (GraphPlan.SavedVariable saved : plan.saved().values()) {
            long[] shape = graph.getVariable(saved.name()).getArr().shape();
            slots.add(new Slot(saved.name(), Slot.Kind.SAVED, shape, saved.transposed()));
        }
        return slots;
    }

    private static void checkBase(SameDiff graph, GraphPlan plan, PeftAdapterFile file, Path folder, boolean anyBase)
            throws IOException {
        if (file.baseFingerprint().isEmpty() || anyBase) {
            return;
        }
        String expected = file.baseFingerprint().get();
        String got =
                BaseFingerprint.of(AdaptedGraph.baseWeights(graph, plan.saved().keySet(), Set.of()));
        if (!got.equals(expected)) {
            throw new IOException("The adapter in " + folder + " was trained on another base: its fingerprint is "
                    + expected + ", this graph's is " + got
                    + ". Load it onto the base it was trained on, or force it by allowing any base.");
        }
    }
}

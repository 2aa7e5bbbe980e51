package dev.loraplus.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraPlus;
import dev.loraplus.io.BaseFingerprint;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.GraphSnapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** An adapter that is loaded onto a SameDiff graph with BERT's names: 32 wide, 2 layers, 5 classes. */
final class GraphSpecimen implements Specimen {
    private static final int WIDTH = 32;
    private static final int CLASSES = 5;

    private final String title;
    private final boolean sealed;
    private final Map<String, byte[]> files;
    private final Map<String, byte[]> strangers;
    private final SameDiff graph = graph();
    private final GraphSnapshot structure = GraphSnapshot.of(graph);
    private final String values = values();
    private @Nullable AdaptedGraph adapted;

    GraphSpecimen(String title, boolean sealed, Path folder, Path strange) {
        this.title = title;
        this.sealed = sealed;
        files = AdapterFiles.in(folder);
        strangers = AdapterFiles.in(strange);
    }

    static SameDiff graph() {
        Random random = new Random(7);
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", org.nd4j.linalg.api.buffer.DataType.FLOAT, -1, WIDTH);
        for (int layer = 0; layer < 2; layer++) {
            for (String kind : new String[] {"query", "value"}) {
                String name = "bert/encoder/layer/" + layer + "/attention/self/" + kind;
                x = x.mmul(graph.var(name + ".weight", random(random, WIDTH, WIDTH)))
                        .add(graph.var(name + ".bias", random(random, WIDTH)));
                x = graph.math.tanh(x);
            }
        }
        x.mmul(graph.var("classifier.weight", random(random, WIDTH, CLASSES)))
                .add("logits", graph.var("classifier.bias", random(random, CLASSES)));
        return graph;
    }

    @Override
    public String title() {
        return title;
    }

    @Override
    public boolean sealed(Map<String, byte[]> damaged) {
        return sealed && AdapterFiles.areSealed(damaged);
    }

    @Override
    public Map<String, byte[]> files() {
        return files;
    }

    @Override
    public Map<String, byte[]> strangers() {
        return strangers;
    }

    @Override
    public void open(Path folder) throws IOException {
        adapted = LoraPlus.load(graph, folder);
    }

    @Override
    public void requireWhole(Map<String, byte[]> given) throws IOException {
        AdaptedGraph loaded = Objects.requireNonNull(adapted);
        AdapterFiles.requireWhole(
                given,
                loaded.adapter(),
                weight -> weight.replace('/', '.').replace(".weight", ""),
                variable -> variable.replace('/', '.'));
        loaded.detach();
    }

    @Override
    public void requireUntouched() {
        assertThat(GraphSnapshot.of(graph)).isEqualTo(structure);
        assertThat(values()).isEqualTo(values);
    }

    private String values() {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        graph.variables().stream()
                .filter(variable -> variable.getArr() != null)
                .forEach(variable -> arrays.put(variable.name(), variable.getArr()));
        return BaseFingerprint.of(arrays);
    }

    private static INDArray random(Random random, long... shape) {
        INDArray array = Nd4j.create(shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, random.nextFloat() - 0.5f);
        }
        return array;
    }
}

package dev.loraplus.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.io.BaseFingerprint;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.GraphSnapshot;
import dev.loraplus.samediff.training.LoraTrainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.adapter.SingletonDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/** A checkpoint that a trainer goes on from; every byte of it is under a checksum. */
final class CheckpointSpecimen implements Specimen {
    private final Map<String, byte[]> files;
    private final Map<String, byte[]> strangers;
    private final AdaptedGraph adapted = adapted();
    private final GraphSnapshot structure = GraphSnapshot.of(adapted.graph());
    private final String values = values();

    /** Trains two steps in each of two folders, with different rates. */
    CheckpointSpecimen(Path folder, Path strange) throws IOException {
        files = trained(folder, 0.01);
        strangers = trained(strange, 0.02);
    }

    @Override
    public String title() {
        return "a checkpoint";
    }

    @Override
    public boolean sealed(Map<String, byte[]> damaged) {
        return !damaged.isEmpty();
    }

    @Override
    public Map<String, byte[]> files() {
        return files;
    }

    @Override
    public Map<String, byte[]> strangers() {
        return strangers;
    }

    /** A builder can't throw an IOException; the checkpoint of another training is a state that doesn't fit. */
    @Override
    public boolean refuses(Exception e) {
        return e instanceof UncheckedIOException || e instanceof IllegalStateException;
    }

    @Override
    public void open(Path folder) {
        trainer(adapted, folder, 0.01);
    }

    /** Without a checkpoint, training starts anew. */
    @Override
    public void requireWhole(Map<String, byte[]> given) {
        assertThat(given).isEmpty();
    }

    @Override
    public void requireUntouched() {
        assertThat(GraphSnapshot.of(adapted.graph())).isEqualTo(structure);
        assertThat(values()).isEqualTo(values);
    }

    private String values() {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        adapted.adapter().factors().forEach((name, pair) -> {
            arrays.put(name + " a", pair.a());
            arrays.put(name + " b", pair.b());
        });
        return BaseFingerprint.of(arrays);
    }

    private static Map<String, byte[]> trained(Path folder, double eta) throws IOException {
        DataSet batch = new DataSet(Nd4j.ones(DataType.FLOAT, 2, 4), Nd4j.ones(DataType.FLOAT, 2, 3));
        trainer(adapted(), folder, eta).fit(new SingletonDataSetIterator(batch), 2);
        Map<String, byte[]> files = new LinkedHashMap<>();
        try (Stream<Path> checkpoints = Files.list(folder)) {
            Path newest = checkpoints.sorted().reduce((first, second) -> second).orElseThrow();
            files.put(String.valueOf(newest.getFileName()), Files.readAllBytes(newest));
        }
        return files;
    }

    private static LoraTrainer trainer(AdaptedGraph adapted, Path folder, double eta) {
        return LoraTrainer.builder(adapted)
                .eta(eta)
                .features("x")
                .labels("y")
                .progress(false)
                .checkpoints(folder)
                .resume()
                .build();
    }

    private static AdaptedGraph adapted() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 4);
        SDVariable y = graph.placeHolder("y", DataType.FLOAT, -1, 3);
        SDVariable error =
                x.mmul(graph.var("w", Nd4j.ones(DataType.FLOAT, 4, 3))).sub(y);
        error.mul(error).mean("loss", true);
        graph.setLossVariables("loss");
        return LoraPlus.attach(graph, LoraConfig.builder().rank(2).targets("w").build());
    }
}

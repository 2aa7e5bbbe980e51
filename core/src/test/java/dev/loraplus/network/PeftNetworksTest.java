package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.loraplus.LoraPlus;
import dev.loraplus.io.BaseFingerprint;
import dev.loraplus.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Compares adapters of networks with PEFT's, both ways; see {@code make_networks.py}. */
class PeftNetworksTest {
    private static final String TENSORS = "adapter_model.safetensors";
    private static final String CONFIG = "adapter_config.json";

    private final Path folder;

    PeftNetworksTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @ParameterizedTest
    @EnumSource(GoldenNetwork.class)
    void load_computesAsPeft(GoldenNetwork golden) throws IOException {
        Map<String, INDArray> tensors = golden.tensors();
        for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
            double tolerance = golden.tolerance(type);
            MultiLayerNetwork base = golden.base(type);
            AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.load(base, golden.peft());
            INDArray input = golden.input(type);
            assertNear(golden.asInTorch(base.output(input)), tensors.get("base"), tolerance);
            assertNear(golden.asInTorch(adapted.model().output(input)), tensors.get("adapted"), tolerance);
            assertNear(golden.asInTorch(adapted.merge().output(input)), tensors.get("adapted"), tolerance);
        }
    }

    @ParameterizedTest
    @EnumSource(GoldenNetwork.class)
    void load_ontoAGraphComputesAsPeft(GoldenNetwork golden) throws IOException {
        INDArray output = LoraPlus.load(golden.graph(DataType.DOUBLE), golden.peft())
                .model()
                .outputSingle(golden.input(DataType.DOUBLE));
        assertNear(golden.asInTorch(output), golden.tensors().get("adapted"), golden.tolerance(DataType.DOUBLE));
    }

    @ParameterizedTest
    @EnumSource(GoldenNetwork.class)
    void save_writesPeftsTensorsAndConfiguration(GoldenNetwork golden) throws IOException {
        LoraPlus.load(golden.base(DataType.FLOAT), golden.peft()).save(folder);

        assertSameTensors(folder, golden.peft());
        ObjectNode ours = config(folder);
        ObjectNode theirs = config(golden.peft());
        assertThat(names(ours, "target_modules")).isEqualTo(names(theirs, "target_modules"));
        for (String differing : new String[] {"target_modules", "auto_mapping"}) {
            ours.remove(differing);
            theirs.remove(differing);
        }
        assertThat(ours).isEqualTo(theirs);
    }

    @ParameterizedTest
    @EnumSource(GoldenNetwork.class)
    void whatWasTrainedHere_computesTheSameInPeft(GoldenNetwork golden) throws IOException {
        Map<String, INDArray> peft = Safetensors.read(golden.ours().resolve("peft-0.21.2-output.safetensors"))
                .tensors();

        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.load(golden.base(DataType.FLOAT), golden.ours());
        AdaptedNetwork<MultiLayerNetwork> exact = LoraPlus.loadOntoAnyBase(golden.base(DataType.DOUBLE), golden.ours());

        INDArray here = adapted.model().output(golden.input(DataType.FLOAT));
        INDArray exactly = exact.model().output(golden.input(DataType.DOUBLE));
        INDArray without = exact.detach().output(golden.input(DataType.DOUBLE));
        assertNear(golden.asInTorch(here), peft.get("adapted"), golden.tolerance(DataType.FLOAT));
        assertNear(golden.asInTorch(exactly), peft.get("adapted"), golden.tolerance(DataType.DOUBLE));
        assertThat(Networks.difference(exactly, without)).isGreaterThan(1e-3);
        adapted.save(folder);
        assertSameTensors(folder, golden.ours());
    }

    private static void assertNear(INDArray actual, INDArray expected, double tolerance) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(Networks.difference(actual.castTo(DataType.DOUBLE), expected))
                .isLessThanOrEqualTo(tolerance * expected.amaxNumber().doubleValue());
    }

    private static void assertSameTensors(Path one, Path other) throws IOException {
        Map<String, INDArray> first = Safetensors.read(one.resolve(TENSORS)).tensors();
        Map<String, INDArray> second = Safetensors.read(other.resolve(TENSORS)).tensors();
        assertThat(first.keySet()).containsExactlyElementsOf(second.keySet());
        assertThat(BaseFingerprint.of(first)).isEqualTo(BaseFingerprint.of(second));
    }

    private static ObjectNode config(Path folder) throws IOException {
        return (ObjectNode) new ObjectMapper().readTree(folder.resolve(CONFIG).toFile());
    }

    private static Set<String> names(ObjectNode config, String key) {
        Set<String> names = new LinkedHashSet<>();
        config.required(key).forEach(name -> names.add(name.textValue()));
        return names;
    }
}

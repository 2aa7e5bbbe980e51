package dev.loraplus.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.Adapter;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.Targets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class PeftAdapterFileTest {
    private final Path folder;

    PeftAdapterFileTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void open_readsWhatPeftWrote() throws IOException {
        PeftAdapterFile file = PeftAdapterFile.open(PeftFixture.FOLDER);

        assertThat(file.config())
                .isEqualTo(LoraConfig.builder()
                        .rank(4)
                        .alpha(8)
                        .targets("value", "query")
                        .modulesToSave("classifier", "score")
                        .build());
        assertThat(file.notes()).hasSize(2);
        assertThat(file.notes().get(0)).contains("lambda = 16.0", "assumed");
        assertThat(file.notes().get(1)).contains("no fingerprint");
        assertThat(file.baseFingerprint()).isEmpty();
        assertThat(file.adaptedModules())
                .hasSize(4)
                .contains("bert.encoder.layer.1.attention.self.value")
                .allMatch(module -> module.startsWith("bert.encoder.layer."));
        assertThat(file.savedVariables()).containsExactly("classifier.bias", "classifier.weight");
    }

    @Test
    void bind_givesTheValuesThatNumpyReads() throws IOException {
        Adapter adapter = PeftAdapterFile.open(PeftFixture.FOLDER).bind(PeftFixture.slots());

        INDArray a = factors(adapter, PeftFixture.query(0)).a();
        assertThat(a.shape()).containsExactly(32, 4);
        assertThat(a.ordering()).isEqualTo('c');
        assertThat(a.getFloat(0, 0)).isEqualTo(-0.11134142f);
        assertThat(a.getFloat(2, 0)).isEqualTo(-0.10477652f);
        assertThat(a.getFloat(31, 3)).isEqualTo(-0.06763233f);
        INDArray b =
                factors(adapter, PeftFixture.query(1).replace("query", "value")).b();
        assertThat(b.shape()).containsExactly(4, 32);
        assertThat(b.getColumn(31).toFloatVector())
                .containsExactly(-0x1.67adbp-3f, -0x1.a7ed3p-2f, 0x1.8c6b5p-4f, -0x1.001554p-2f);
        assertThat(saved(adapter, "classifier.weight").value().shape()).containsExactly(32, 5);
        assertThat(saved(adapter, "classifier.weight").value().getFloat(31, 4)).isEqualTo(0.054656517f);
        assertThat(saved(adapter, "classifier.bias").value().toFloatVector())
                .containsExactly(0x1.e996eep-6f, -0x1.0fe1p-4f, 0x1.48005ep-4f, -0x1.3efd62p-6f, -0x1.59eecap-6f);
        assertThat(adapter.provenance()).containsExactly(Map.entry("task_type", "SEQ_CLS"));
    }

    @Test
    void write_givesPeftsTensorsAgain() throws IOException {
        PeftAdapterFile.write(folder, PeftAdapterFile.open(PeftFixture.FOLDER).bind(PeftFixture.slots()));

        Map<String, INDArray> written =
                Safetensors.read(folder.resolve(PeftFixture.TENSORS)).tensors();
        Map<String, INDArray> original = Safetensors.read(PeftFixture.FOLDER.resolve(PeftFixture.TENSORS))
                .tensors();
        assertThat(new ArrayList<>(written.keySet())).isEqualTo(new ArrayList<>(original.keySet()));
        assertThat(BaseFingerprint.of(written)).isEqualTo(BaseFingerprint.of(original));
    }

    @Test
    void write_formatsTheConfigurationAsPeft() throws IOException {
        PeftAdapterFile.write(folder, PeftAdapterFile.open(PeftFixture.FOLDER).bind(PeftFixture.slots()));

        String expected = Files.readString(PeftFixture.FOLDER.resolve(PeftFixture.CONFIG))
                .replace("\"init_lora_weights\": false", "\"init_lora_weights\": true")
                .replace("    \"value\",\n    \"query\"\n", """
                            "bert.encoder.layer.0.attention.self.query",
                            "bert.encoder.layer.0.attention.self.value",
                            "bert.encoder.layer.1.attention.self.query",
                            "bert.encoder.layer.1.attention.self.value"
                        """);
        assertThat(folder.resolve(PeftFixture.CONFIG)).hasContent(expected);
    }

    @Test
    void writeThenBind_keepsEverything() throws IOException {
        Adapter adapter = adapter(Map.of("eta", "2.0E-4", "base", "00ff", "base_model_name_or_path", "tiny/ä"));

        PeftAdapterFile.write(folder, adapter);
        PeftAdapterFile file = PeftAdapterFile.open(folder);
        Adapter loaded = file.bind(slots());

        assertThat(file.notes()).isEmpty();
        assertThat(file.baseFingerprint()).contains("00ff");
        assertThat(loaded.config())
                .isEqualTo(adapter.config().toBuilder()
                        .targets(Targets.named("encoder.w", "head"))
                        .build());
        assertThat(loaded.provenance()).isEqualTo(adapter.provenance());
        assertThat(loaded.factors().keySet()).containsExactly("encoder/w.weight", "head");
        assertThat(BaseFingerprint.of(arrays(loaded))).isEqualTo(BaseFingerprint.of(arrays(adapter)));
        assertThat(saved(loaded, "out.weight").transposed()).isTrue();
    }

    @Test
    void write_putsTheProvenanceIntoTheHeader() throws IOException {
        PeftAdapterFile.write(folder, adapter(Map.of("eta", "2.0E-4", "base", "00ff")));

        Safetensors tensors = Safetensors.read(folder.resolve(PeftFixture.TENSORS));
        assertThat(tensors.metadata())
                .containsEntry("format", "pt")
                .containsEntry("loraplus.lambda", "4.0")
                .containsEntry("loraplus.eta", "2.0E-4")
                .containsEntry("loraplus.seed", "-7")
                .containsEntry("loraplus.initialization", "B_RANDOM_A_ZERO")
                .containsEntry("loraplus.headRate", "0.005")
                .containsEntry("loraplus.base", "00ff")
                .containsEntry("loraplus.config", sha256(folder.resolve(PeftFixture.CONFIG)))
                .containsKey("loraplus.sha256")
                .hasEntrySatisfying(
                        "loraplus.version", version -> assertThat(version).startsWith("0.1.0"));
        assertThat(Objects.requireNonNull(tensors.tensors().get("base_model.model.encoder.w.lora_A.weight"))
                        .shape())
                .containsExactly(3, 5);
        assertThat(Objects.requireNonNull(tensors.tensors().get("base_model.model.out.weight"))
                        .shape())
                .containsExactly(4, 6);
    }

    @Test
    void bind_listsAllThatDoesNotFit() throws IOException {
        PeftAdapterFile file = PeftAdapterFile.open(PeftFixture.FOLDER);
        List<Slot> slots = new ArrayList<>(PeftFixture.slots());
        slots.set(0, Slot.factors(PeftFixture.query(0), 32, 48));
        slots.set(4, Slot.saved("classifier.weight", new long[] {32, 5}, false));
        slots.set(5, Slot.factors("pooler.weight", 32, 16));

        assertThatThrownBy(() -> file.bind(slots))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(
                        "adapter_model.safetensors'",
                        "layer.0.attention.self.query.lora_B.weight' has shape [32, 4], expected [48, 4]",
                        "classifier.weight' has shape [5, 32], expected [32, 5]",
                        "pooler.lora_A.weight' [4, 32] is missing",
                        "pooler.lora_B.weight' [16, 4] is missing",
                        "classifier.bias' [5] has no place in the model");
    }

    @Test
    void bind_refusesTwoSlotsOfOneName() throws IOException {
        PeftAdapterFile file = PeftAdapterFile.open(PeftFixture.FOLDER);
        List<Slot> slots = new ArrayList<>(PeftFixture.slots());
        slots.add(Slot.factors(PeftFixture.query(0).replace('/', '.'), 32, 32));

        assertThatThrownBy(() -> file.bind(slots))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("layer.0.attention.self.query.lora_A.weight'", "another slot");
    }

    @Test
    void bind_refusesWholeNumbers() throws IOException {
        Path copy = PeftFixture.copy(folder, config -> config.put("r", 1));
        String key = "base_model.model.w.lora_A.weight";
        Files.write(
                copy.resolve(PeftFixture.TENSORS),
                HandMade.file(HandMade.entry(key, "U8", "[1,2]", 0, 2), (byte) 1, (byte) 2));

        assertThatThrownBy(() -> PeftAdapterFile.open(copy).bind(List.of(Slot.factors("w", 2, 3))))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(
                        key + "' holds INT, expected floating-point", "w.lora_B.weight' [3, 1] is missing");
    }

    @Test
    void open_refusesNonFiniteValues() throws IOException {
        Path copy = PeftFixture.copy(folder, config -> {});
        Map<String, INDArray> tensors = new HashMap<>(
                Safetensors.read(copy.resolve(PeftFixture.TENSORS)).tensors());
        Objects.requireNonNull(tensors.get("base_model.model.classifier.bias")).putScalar(3, Float.NaN);
        Safetensors.write(copy.resolve(PeftFixture.TENSORS), tensors, Map.of());

        assertThatThrownBy(() -> PeftAdapterFile.open(copy))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(
                        "adapter_model.safetensors'", "classifier.bias' holds NaN at element 3", "finite");
    }

    @Test
    void open_refusesTensorsThatDoNotMatchTheirHash() throws IOException {
        PeftAdapterFile.write(folder, adapter(Map.of()));
        Path file = folder.resolve(PeftFixture.TENSORS);
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 4] ^= 1;
        Files.write(file, bytes);

        assertThatThrownBy(() -> PeftAdapterFile.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("adapter_model.safetensors' is damaged", "SHA-256");
    }

    @Test
    void open_refusesTensorsOfOtherKinds() throws IOException {
        PeftFixture.copy(folder, config -> {});
        String key = "base_model.model.words.lora_diag";
        Safetensors.write(folder.resolve(PeftFixture.TENSORS), Map.of(key, Nd4j.zeros(4, 9)), Map.of());

        assertThatThrownBy(() -> PeftAdapterFile.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("adapter_model.safetensors'", "[" + key + "]", "linear");
    }

    @Test
    void open_refusesOurTensorsWithoutHash() throws IOException {
        PeftAdapterFile.write(folder, adapter(Map.of()));
        Path file = folder.resolve(PeftFixture.TENSORS);
        Safetensors.write(file, Safetensors.read(file).tensors(), Map.of("loraplus.lambda", "4.0"));

        assertThatThrownBy(() -> PeftAdapterFile.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("expected one in the header");
    }

    @Test
    void open_refusesDamagedTextsOfTheHeader() throws IOException {
        PeftAdapterFile.write(folder, adapter(Map.of()));
        Path file = folder.resolve(PeftFixture.TENSORS);
        Safetensors tensors = Safetensors.read(file);
        Map<String, String> texts = new HashMap<>(tensors.metadata());
        for (var wrong : Map.of("lambda", "4,0", "seed", "1.5", "initialization", "ZERO", "headRate", "-1")
                .entrySet()) {
            Map<String, String> damaged = new HashMap<>(texts);
            damaged.put("loraplus." + wrong.getKey(), wrong.getValue());
            Safetensors.write(file, tensors.tensors(), PeftMetadata.sealed(damaged, tensors.tensors()));

            assertThatThrownBy(() -> PeftAdapterFile.open(folder))
                    .as(wrong.getKey())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("adapter_model.safetensors'")
                    .hasMessageContaining(wrong.getValue());
        }
    }

    @Test
    void open_refusesAConfigurationOfOtherTensors() throws IOException {
        PeftAdapterFile.write(folder, adapter(Map.of("base", "00")));
        Path config = folder.resolve(PeftFixture.CONFIG);
        Files.writeString(config, Files.readString(config).replace("\"lora_alpha\": 6.5", "\"lora_alpha\": 7"));

        assertThatThrownBy(() -> PeftAdapterFile.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("adapter_config.json' has SHA-256 " + sha256(config), "edited or damaged");
    }

    @Test
    void open_refusesAChangedTextOfTheHeader() throws IOException {
        PeftAdapterFile.write(folder, adapter(Map.of("base", "00")));
        Path file = folder.resolve(PeftFixture.TENSORS);
        Safetensors tensors = Safetensors.read(file);
        Map<String, String> texts = new HashMap<>(tensors.metadata());
        texts.put("loraplus.lambda", "40.0");
        Safetensors.write(file, tensors.tensors(), texts);

        assertThatThrownBy(() -> PeftAdapterFile.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("adapter_model.safetensors' is damaged");
    }

    @Test
    void open_refusesPickleAndMissingFiles() throws IOException {
        assertThatThrownBy(() -> PeftAdapterFile.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("adapter_config.json' is not a file");
        Path copy = PeftFixture.copy(folder, config -> {});
        Files.delete(copy.resolve(PeftFixture.TENSORS));
        assertThatThrownBy(() -> PeftAdapterFile.open(copy))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("adapter_model.safetensors' is not a file");
        Files.write(copy.resolve("adapter_model.bin"), new byte[] {1});
        assertThatThrownBy(() -> PeftAdapterFile.open(copy))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("adapter_model.bin' is a pickle", "safe_serialization=True");
    }

    @Test
    void write_refusesNonFiniteValuesAndKeepsTheOldFolder() throws IOException {
        PeftAdapterFile.write(folder, adapter(Map.of()));
        byte[] old = Files.readAllBytes(folder.resolve(PeftFixture.TENSORS));
        Adapter broken = adapter(Map.of());
        factors(broken, "head").b().putScalar(2, 0, 1e300);

        assertThatThrownBy(() -> PeftAdapterFile.write(folder, broken))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("head.lora_B.weight' holds Infinity at element 2", "finite");

        assertThat(folder.resolve(PeftFixture.TENSORS)).hasBinaryContent(old);
    }

    @Test
    void write_refusesMisshapenFactorsAndClashingNames() {
        Adapter misshapen = new Adapter(
                config(), Map.of("w", new Adapter.Factors(Nd4j.zeros(5, 4), Nd4j.zeros(4, 2))), Map.of(), Map.of());
        assertThatThrownBy(() -> PeftAdapterFile.write(folder, misshapen))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("'w'", "[5, 4] and [4, 2], expected [nIn, 3] and [3, nOut]");
        Adapter.Factors factors = new Adapter.Factors(Nd4j.zeros(5, 3), Nd4j.zeros(3, 2));
        Adapter clashing = new Adapter(config(), Map.of("a/w", factors, "a.w", factors), Map.of(), Map.of());
        assertThatThrownBy(() -> PeftAdapterFile.write(folder, clashing))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("base_model.model.a.w.lora_A.weight");
        assertThat(folder).isEmptyDirectory();
    }

    private static String sha256(Path file) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static LoraConfig config() {
        return LoraConfig.builder()
                .rank(3)
                .alpha(6.5)
                .lambda(4)
                .dropout(0.05)
                .modulesToSave("out")
                .headRate(0.005)
                .initialization(Initialization.B_RANDOM_A_ZERO)
                .seed(-7)
                .build();
    }

    private static Adapter adapter(Map<String, String> provenance) {
        Map<String, Adapter.Factors> factors = new LinkedHashMap<>();
        factors.put("encoder/w.weight", new Adapter.Factors(random(1, 5, 3), random(2, 3, 2)));
        factors.put("head", new Adapter.Factors(random(3, 2, 3), random(4, 3, 4).castTo(DataType.DOUBLE)));
        Map<String, Adapter.Saved> saved = new LinkedHashMap<>();
        saved.put("out.weight", new Adapter.Saved(random(5, 6, 4), true));
        saved.put("out.bias", new Adapter.Saved(random(6, 4), false));
        return new Adapter(config(), factors, saved, provenance);
    }

    private static List<Slot> slots() {
        return List.of(
                Slot.factors("encoder/w.weight", 5, 2),
                Slot.factors("head", 2, 4),
                Slot.saved("out.weight", new long[] {6, 4}, true),
                Slot.saved("out.bias", new long[] {4}, false));
    }

    private static INDArray random(int seed, long... shape) {
        java.util.Random random = new java.util.Random(seed);
        INDArray array = Nd4j.create(DataType.FLOAT, shape);
        for (int i = 0; i < array.length(); i++) {
            array.putScalar(i, random.nextFloat() - 0.5f);
        }
        return array;
    }

    private static Map<String, INDArray> arrays(Adapter adapter) {
        Map<String, INDArray> arrays = new HashMap<>();
        adapter.factors().forEach((name, factors) -> {
            arrays.put(name + " a", factors.a().castTo(DataType.FLOAT));
            arrays.put(name + " b", factors.b().castTo(DataType.FLOAT));
        });
        adapter.saved().forEach((name, saved) -> arrays.put(name, saved.value()));
        return arrays;
    }

    private static Adapter.Factors factors(Adapter adapter, String name) {
        return Objects.requireNonNull(adapter.factors().get(name), name);
    }

    private static Adapter.Saved saved(Adapter adapter, String name) {
        return Objects.requireNonNull(adapter.saved().get(name), name);
    }
}

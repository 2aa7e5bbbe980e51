package dev.loraplus.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.loraplus.Adapter;
import dev.loraplus.Adapter.Factors;
import dev.loraplus.Adapter.Saved;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The two files of an adapter, read naively with Jackson and a {@link ByteBuffer}, to compare a loaded one with. */
final class AdapterFiles {
    static final String CONFIG = "adapter_config.json";
    static final String TENSORS = "adapter_model.safetensors";
    private static final String PREFIX = "base_model.model.";

    private final JsonNode config;
    private final JsonNode header;
    private final ByteBuffer data;
    private final Set<String> used = new HashSet<>();

    private AdapterFiles(Map<String, byte[]> files) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        Document tensors =
                Document.of(TENSORS, Objects.requireNonNull(files.get(TENSORS))).orElseThrow();
        config = mapper.readTree(files.get(CONFIG));
        header = mapper.readTree(tensors.json());
        data = ByteBuffer.wrap(Objects.requireNonNull(tensors.data())).order(ByteOrder.LITTLE_ENDIAN);
    }

    static Map<String, byte[]> in(Path folder) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        try {
            for (String name : new String[] {CONFIG, TENSORS}) {
                files.put(name, Files.readAllBytes(folder.resolve(name)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return files;
    }

    /** Returns whether the tensors say that this library wrote them. */
    static boolean areSealed(Map<String, byte[]> files) {
        byte[] tensors = files.getOrDefault(TENSORS, new byte[0]);
        return new String(tensors, StandardCharsets.ISO_8859_1).contains("loraplus.");
    }

    /**
     * Checks that an adapter is all of the files, to the bit.
     *
     * @param module gives the module in the file's keys by the name of an adapted weight
     * @param variable gives the name in the file's keys of a variable that is trained fully
     */
    static void requireWhole(
            Map<String, byte[]> files, Adapter adapter, UnaryOperator<String> module, UnaryOperator<String> variable)
            throws IOException {
        AdapterFiles read = new AdapterFiles(files);
        assertThat(adapter.config().rank()).isEqualTo(read.config.path("r").asInt(8));
        assertThat(adapter.config().alpha())
                .isEqualTo(read.config.path("lora_alpha").asDouble(8));
        for (Map.Entry<String, Factors> entry : adapter.factors().entrySet()) {
            String key = PREFIX + module.apply(entry.getKey());
            read.requireTransposed(key + ".lora_A.weight", entry.getValue().a());
            read.requireTransposed(key + ".lora_B.weight", entry.getValue().b());
        }
        for (Map.Entry<String, Saved> entry : adapter.saved().entrySet()) {
            String key = PREFIX + variable.apply(entry.getKey());
            INDArray value = entry.getValue().value();
            if (value.rank() == 2 && entry.getValue().transposed()) {
                read.requireTransposed(key, value);
            } else {
                float[] values = read.values(key, value.shape());
                assertThat(value.dup('c').toFloatVector()).as(key).containsExactly(values);
            }
        }
        Set<String> keys = new HashSet<>();
        read.header.fieldNames().forEachRemaining(keys::add);
        keys.remove("__metadata__");
        assertThat(read.used).isEqualTo(keys);
    }

    private void requireTransposed(String key, INDArray value) {
        long rows = value.size(0);
        long columns = value.size(1);
        float[] values = values(key, columns, rows);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                assertThat(value.getFloat(i, j))
                        .as("%s at %d, %d", key, j, i)
                        .isFinite()
                        .isEqualTo(values[(int) (j * rows + i)]);
            }
        }
    }

    private float[] values(String key, long... shape) {
        used.add(key);
        JsonNode tensor = header.path(key);
        assertThat(tensor.path("dtype").asText()).as(key).isEqualTo("F32");
        for (int i = 0; i < shape.length; i++) {
            assertThat(tensor.path("shape").path(i).asLong(-1)).as(key).isEqualTo(shape[i]);
        }
        int begin = tensor.path("data_offsets").path(0).asInt(-1);
        float[] values = new float[(tensor.path("data_offsets").path(1).asInt(-1) - begin) / Float.BYTES];
        data.slice(begin, values.length * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(values);
        return values;
    }
}

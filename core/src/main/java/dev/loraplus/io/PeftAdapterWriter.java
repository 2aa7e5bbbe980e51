package dev.loraplus.io;

import dev.loraplus.Adapter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Turns an adapter into the two files of a PEFT folder. */
final class PeftAdapterWriter {
    private final Adapter adapter;
    private final Map<String, FactorLayout> layouts;
    private final Map<String, INDArray> tensors = new LinkedHashMap<>();

    PeftAdapterWriter(Adapter adapter, Map<String, FactorLayout> layouts) {
        this.adapter = adapter;
        this.layouts = layouts;
    }

    void writeTo(Path folder) throws IOException {
        adapter.factors().forEach(this::addFactors);
        adapter.saved()
                .forEach((name, saved) -> add(
                        name,
                        PeftKeys.saved(name, saved.biasOf()),
                        saved.transposed() ? saved.value().transpose() : saved.value()));
        List<String> nonFinite = NonFinite.in(tensors);
        if (!nonFinite.isEmpty()) {
            throw new IllegalArgumentException("The adapter can't be saved: " + String.join("; ", nonFinite)
                    + ", expected finite 32-bit numbers only.");
        }
        byte[] config = PeftConfigWriter.format(adapter).getBytes(StandardCharsets.UTF_8);
        SafetensorsWriter writer = SafetensorsWriter.single(tensors, PeftMetadata.of(adapter, tensors, config));
        Map<Path, AtomicFiles.Content> files = new LinkedHashMap<>();
        files.put(folder.resolve(PeftAdapterFile.TENSORS), writer::writeTo);
        files.put(folder.resolve(PeftConfig.FILE), temporary -> Files.write(temporary, config));
        AtomicFiles.writeAll(files);
    }

    private void addFactors(String weight, Adapter.Factors factors) {
        int rank = adapter.config().rankOf(weight);
        long[] a = factors.a().shape();
        long[] b = factors.b().shape();
        if (a.length != 2 || b.length != 2 || a[1] != rank || b[0] != rank) {
            throw new IllegalArgumentException("Factors of '" + weight + "' have shapes " + Arrays.toString(a) + " and "
                    + Arrays.toString(b) + ", expected [nIn, " + rank + "] and [" + rank + ", nOut].");
        }
        FactorLayout layout = layouts.getOrDefault(weight, FactorLayout.linear());
        add(weight, PeftKeys.a(weight, layout), layout.storedA(factors.a()));
        add(weight, PeftKeys.b(weight, layout), layout.storedB(factors.b()));
        requireOutputs(weight, "loraBias", adapter.config().loraBias(), factors.bias(), b[1]);
        requireOutputs(weight, "dora", adapter.config().dora(), factors.magnitude(), b[1]);
        if (factors.bias() != null) {
            add(weight, PeftKeys.biasOfB(weight), factors.bias());
        }
        if (factors.magnitude() != null) {
            add(weight, PeftKeys.magnitude(weight), factors.magnitude().reshape('c', layout.shapeOfMagnitude(b[1])));
        }
    }

    /** Checks that there is one value for each output where the configuration asks for it, and none where it doesn't. */
    private static void requireOutputs(
            String weight, String option, boolean wanted, @Nullable INDArray values, long nOut) {
        if (wanted != (values != null) || (values != null && values.length() != nOut)) {
            throw new IllegalArgumentException("Factors of '" + weight + "' have "
                    + (values == null ? "nothing" : Arrays.toString(values.shape())) + " for " + option + " = " + wanted
                    + ", expected " + (wanted ? "[" + nOut + "]." : "nothing."));
        }
    }

    private void add(String name, String key, INDArray value) {
        if (tensors.put(key, value.castTo(DataType.FLOAT)) != null) {
            throw new IllegalArgumentException(
                    "'" + name + "' and another weight would both be saved as '" + key + "'; rename one of them.");
        }
    }
}

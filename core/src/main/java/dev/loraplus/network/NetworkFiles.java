package dev.loraplus.network;

import dev.loraplus.Adapter;
import dev.loraplus.Adapter.Factors;
import dev.loraplus.io.PeftAdapterFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes adapters of networks to files. */
final class NetworkFiles {
    private static final String WEIGHT = ".W";

    private NetworkFiles() {}

    /** Writes an adapter; the module of the weight {@code W} of a layer has the layer's name, as in PyTorch. */
    static void write(Path folder, Adapter adapter) throws IOException {
        Map<String, Factors> factors = new LinkedHashMap<>();
        adapter.factors().forEach((name, pair) -> factors.put(module(name), pair));
        PeftAdapterFile.write(folder, new Adapter(adapter.config(), factors, adapter.saved(), adapter.provenance()));
    }

    private static String module(String name) {
        return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
    }
}

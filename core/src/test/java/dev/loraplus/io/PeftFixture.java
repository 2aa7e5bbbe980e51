package dev.loraplus.io;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Gives the adapter that PEFT 0.21.2 wrote for a two-layer BERT of width 32 with 5 classes, and its slots. */
final class PeftFixture {
    static final Path FOLDER = Path.of("src/test/resources/peft-0.21.2-bert-qv");
    static final String CONFIG = "adapter_config.json";
    static final String TENSORS = "adapter_model.safetensors";

    private PeftFixture() {}

    /** Copies the adapter, with its configuration changed. */
    static Path copy(Path folder, java.util.function.Consumer<ObjectNode> change) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode config = (ObjectNode) mapper.readTree(Files.readAllBytes(FOLDER.resolve(CONFIG)));
        change.accept(config);
        Files.copy(FOLDER.resolve(TENSORS), folder.resolve(TENSORS));
        Files.write(folder.resolve(CONFIG), mapper.writeValueAsBytes(config));
        return folder;
    }

    static List<Slot> slots() {
        List<Slot> slots = new ArrayList<>();
        for (int layer = 0; layer < 2; layer++) {
            slots.add(Slot.factors(query(layer), 32, 32));
            slots.add(Slot.factors(query(layer).replace("query", "value"), 32, 32));
        }
        slots.add(Slot.saved("classifier.weight", new long[] {32, 5}, true));
        slots.add(Slot.saved("classifier.bias", new long[] {5}, false));
        return slots;
    }

    static String query(int layer) {
        return "bert/encoder/layer/" + layer + "/attention/self/query.weight";
    }
}

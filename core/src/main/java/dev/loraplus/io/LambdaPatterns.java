package dev.loraplus.io;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes lambdas by pattern as one JSON text, which keeps the order in which they are tried. */
final class LambdaPatterns {
    private LambdaPatterns() {}

    static String format(Map<String, Double> lambdas) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        lambdas.forEach(json::put);
        return json.toString();
    }

    static Map<String, Double> parse(String subject, String text) throws IOException {
        ObjectNode json = StrictJson.object(subject, text.getBytes(StandardCharsets.UTF_8));
        if (!PeftType.NUMBERS_BY_NAME.holds(json)) {
            throw new IOException(subject + ": the header's lambdaPattern is " + json + ", expected numbers by name.");
        }
        Map<String, Double> lambdas = new LinkedHashMap<>();
        json.properties()
                .forEach(entry -> lambdas.put(entry.getKey(), entry.getValue().doubleValue()));
        return lambdas;
    }
}

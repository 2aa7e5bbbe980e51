package dev.loraplus.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Parses JSON without leniency: UTF-8 only, no duplicate keys, nothing after the end, bounded nesting. */
final class StrictJson {
    /** Reads something from a parser. */
    @FunctionalInterface
    interface Reading<T> {
        T from(JsonParser parser) throws IOException;
    }

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();
    private static final JsonMapper MAPPER = JsonMapper.builder(FACTORY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private StrictJson() {}

    /** Returns the object that {@code json} holds; {@code subject} names it in messages. */
    static ObjectNode object(String subject, byte[] json) throws IOException {
        JsonNode node = parse(subject, json, MAPPER::readTree);
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw new IOException(subject + " must hold a JSON object, got "
                + (node == null ? "nothing" : node.getNodeType().toString()) + ".");
    }

    /** Runs {@code reading} on {@code json}; {@code subject} names it in messages. */
    static <T> T parse(String subject, byte[] json, Reading<T> reading) throws IOException {
        try (JsonParser parser = FACTORY.createParser(
                new InputStreamReader(new ByteArrayInputStream(json), StandardCharsets.UTF_8.newDecoder()))) {
            return reading.from(parser);
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null
                    ? ""
                    : " at line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr();
            throw new IOException(subject + " is not valid JSON" + where + ": " + e.getOriginalMessage() + ".", e);
        } catch (CharacterCodingException e) {
            throw new IOException(subject + " is not valid UTF-8.", e);
        }
    }
}

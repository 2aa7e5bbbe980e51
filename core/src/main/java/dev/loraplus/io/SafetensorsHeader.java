package dev.loraplus.io;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Parses the header of a safetensors file and checks it against the length of the data.
 *
 * @param tensors in the order of their data
 * @param metadata the text entries of {@code __metadata__}
 */
record SafetensorsHeader(List<TensorEntry> tensors, Map<String, String> metadata) {
    static final String METADATA = "__metadata__";
    private static final int MAX_RANK = 32;

    /**
     * Parses a header.
     *
     * @param subject the file, as messages name it
     * @param json the header's bytes
     * @param dataLength the number of bytes after the header
     * @throws IOException if the JSON is malformed, a field is wrong, or the tensors don't fill the data exactly
     */
    static SafetensorsHeader parse(String subject, byte[] json, long dataLength) throws IOException {
        if (json[0] != '{') {
            throw new IOException(subject + ": the header must start with '{', got byte " + (json[0] & 0xFF) + ".");
        }
        SafetensorsHeader header =
                StrictJson.parse(subject + ": the header", json, parser -> new Parser(subject, parser).header());
        requirePadding(subject, json);
        requireContiguous(subject, header.tensors, dataLength);
        return header;
    }

    /** Checks that nothing but spaces follows the object; a parser would take any white space. */
    private static void requirePadding(String subject, byte[] json) throws IOException {
        for (int i = json.length - 1; i >= 0 && json[i] != '}'; i--) {
            if (json[i] != ' ') {
                throw new IOException(subject + ": the header must end with '}' and spaces, got byte "
                        + (json[i] & 0xFF) + " at " + i + ".");
            }
        }
    }

    private static void requireContiguous(String subject, List<TensorEntry> tensors, long dataLength)
            throws IOException {
        long expected = 0;
        for (TensorEntry tensor : tensors) {
            if (tensor.begin() != expected) {
                throw new IOException(subject + ": tensor '" + tensor.name() + "' begins at byte " + tensor.begin()
                        + " of the data, expected " + expected + "; tensors must follow one another without "
                        + (tensor.begin() > expected ? "holes." : "overlap."));
            }
            expected = tensor.end();
        }
        if (expected != dataLength) {
            throw new IOException(subject + " holds " + dataLength + " bytes of data, expected " + expected + "; it is "
                    + (dataLength < expected ? "truncated." : "followed by something else."));
        }
    }

    private record Parser(String subject, JsonParser json) {
        SafetensorsHeader header() throws IOException {
            Map<String, String> metadata = Map.of();
            List<TensorEntry> tensors = new ArrayList<>();
            require(json.nextToken() == JsonToken.START_OBJECT, "the header", "an object");
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String name = json.currentName();
                json.nextToken();
                if (name.equals(METADATA)) {
                    metadata = metadata();
                } else {
                    tensors.add(tensor(name));
                }
            }
            require(json.nextToken() == null, "the header", "one object and nothing after it");
            tensors.sort(Comparator.comparingLong(TensorEntry::begin).thenComparingLong(TensorEntry::end));
            return new SafetensorsHeader(List.copyOf(tensors), metadata);
        }

        private Map<String, String> metadata() throws IOException {
            Map<String, String> metadata = new LinkedHashMap<>();
            require(json.currentToken() == JsonToken.START_OBJECT, METADATA, "an object of texts");
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String key = json.currentName();
                require(json.nextToken() == JsonToken.VALUE_STRING, METADATA + "." + key, "a text");
                metadata.put(key, json.getText());
            }
            return metadata;
        }

        private TensorEntry tensor(String name) throws IOException {
            String what = "tensor '" + name + "'";
            require(json.currentToken() == JsonToken.START_OBJECT, what, "an object");
            Dtype dtype = null;
            List<Long> shape = null;
            List<Long> offsets = null;
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String field = json.currentName();
                json.nextToken();
                switch (field) {
                    case "dtype" -> dtype = dtype(what);
                    case "shape" -> shape = naturals(what + ": shape", MAX_RANK);
                    case "data_offsets" -> offsets = naturals(what + ": data_offsets", 2);
                    default -> throw error(what + " has a field '" + field + "', expected dtype, shape, data_offsets.");
                }
            }
            if (dtype == null || shape == null || offsets == null) {
                throw error(what + " must have dtype, shape and data_offsets.");
            }
            return entry(name, dtype, shape, offsets);
        }

        private TensorEntry entry(String name, Dtype dtype, List<Long> shape, List<Long> offsets) throws IOException {
            String what = "tensor '" + name + "'";
            if (offsets.size() != 2 || offsets.get(0) > offsets.get(1)) {
                throw error(what + ": data_offsets must be [begin, end], got " + offsets + ".");
            }
            long bytes = bytes(what, dtype, shape);
            TensorEntry entry = new TensorEntry(name, dtype, shape, offsets.get(0), offsets.get(1));
            if (entry.end() - entry.begin() != bytes) {
                throw error(what + " has data_offsets " + offsets + " for " + (entry.end() - entry.begin())
                        + " bytes, expected " + bytes + " of dtype " + dtype + " and shape " + shape + ".");
            }
            return entry;
        }

        private long bytes(String what, Dtype dtype, List<Long> shape) throws IOException {
            long nonZero = dtype.width();
            boolean empty = false;
            try {
                for (long dimension : shape) {
                    empty |= dimension == 0;
                    nonZero = Math.multiplyExact(nonZero, Math.max(dimension, 1));
                }
            } catch (ArithmeticException e) {
                throw new IOException(subject + ": " + what + " has shape " + shape + ", which overflows.", e);
            }
            return empty ? 0 : nonZero;
        }

        private Dtype dtype(String what) throws IOException {
            require(json.currentToken() == JsonToken.VALUE_STRING, what + ": dtype", "a text");
            String text = json.getText();
            for (Dtype dtype : Dtype.values()) {
                if (dtype.name().equals(text)) {
                    return dtype;
                }
            }
            throw error(what + " has dtype '" + text + "', expected one of " + List.of(Dtype.values()) + ".");
        }

        private List<Long> naturals(String what, int most) throws IOException {
            require(json.currentToken() == JsonToken.START_ARRAY, what, "a list of whole numbers");
            List<Long> values = new ArrayList<>();
            while (json.nextToken() != JsonToken.END_ARRAY) {
                require(json.currentToken() == JsonToken.VALUE_NUMBER_INT, what, "a list of whole numbers");
                require(json.getNumberType() != JsonParser.NumberType.BIG_INTEGER, what, "numbers below 2^63");
                require(json.getLongValue() >= 0, what, "no negative number");
                require(values.size() < most, what, "at most " + most + " numbers");
                values.add(json.getLongValue());
            }
            return values;
        }

        private void require(boolean condition, String what, String expected) throws IOException {
            if (!condition) {
                throw error(what + ": expected " + expected + ", got " + token(json.currentToken()) + ".");
            }
        }

        private String token(@Nullable JsonToken token) throws IOException {
            return token == null ? "nothing" : "'" + json.getText() + "'";
        }

        private IOException error(String message) {
            return new IOException(subject + ": " + message);
        }
    }
}

package dev.loraplus.models;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Turns texts into the token numbers of a Hugging Face {@code tokenizer.json}.
 *
 * <p>Holds native memory until {@link #close()}; safe for use by several threads. Reading the first tokenizer sets the
 * system property {@code ai.djl.offline} to {@code true} unless it has a value: the library below would otherwise use the
 * network.
 *
 * @since 0.1.0
 */
public final class WordPieceTokenizer implements AutoCloseable {
    private static final String OFFLINE = "ai.djl.offline";

    private final HuggingFaceTokenizer tokenizer;

    private WordPieceTokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Reads a tokenizer from a {@code tokenizer.json}.
     *
     * @throws IOException if the file cannot be read or is no tokenizer
     */
    public static WordPieceTokenizer read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return read(in);
        }
    }

    /**
     * Reads a tokenizer from the text of a {@code tokenizer.json}; leaves the stream open.
     *
     * @throws IOException if the stream cannot be read or its text is no tokenizer
     */
    public static WordPieceTokenizer read(InputStream json) throws IOException {
        if (System.getProperty(OFFLINE) == null) {
            System.setProperty(OFFLINE, "true");
        }
        Map<String, String> asTheTextIs = Map.of("truncation", "false", "padding", "false");
        try {
            return new WordPieceTokenizer(HuggingFaceTokenizer.newInstance(json, asTheTextIs));
        } catch (RuntimeException e) {
            throw new IOException("The text must be a tokenizer.json of Hugging Face, but " + e.getMessage() + ".", e);
        }
    }

    /**
     * Returns the token numbers of every text, the special tokens at both ends included.
     *
     * <p>A text of more than {@code maxLength} tokens loses those before the last one, {@code [SEP]}.
     *
     * @param maxLength the most tokens of a text, at least 2
     * @throws IllegalArgumentException if {@code maxLength} is below 2
     */
    public List<int[]> encode(List<String> texts, int maxLength) {
        if (maxLength < 2) {
            throw new IllegalArgumentException(
                    "maxLength must be >= 2, to hold [CLS] and [SEP], got " + maxLength + ".");
        }
        if (texts.isEmpty()) {
            return List.of();
        }
        return Arrays.stream(tokenizer.batchEncode(texts))
                .map(encoding -> cut(encoding, maxLength))
                .toList();
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    private static int[] cut(Encoding encoding, int maxLength) {
        int[] ids = Arrays.stream(encoding.getIds()).mapToInt(Math::toIntExact).toArray();
        if (ids.length <= maxLength) {
            return ids;
        }
        int[] shorter = Arrays.copyOf(ids, maxLength);
        shorter[maxLength - 1] = ids[ids.length - 1];
        return shorter;
    }
}

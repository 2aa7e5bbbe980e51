package dev.loraplus.io;

import dev.loraplus.Adapter;
import dev.loraplus.Bias;
import dev.loraplus.LoraConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Matches the tensors of a file with the slots of a model and collects everything that doesn't fit. */
final class PeftBinder {
    private final Map<String, INDArray> tensors;
    private final LoraConfig config;
    private final Set<String> used = new LinkedHashSet<>();
    private final List<String> problems = new ArrayList<>();
    private final Map<String, Adapter.Factors> factors = new LinkedHashMap<>();
    private final Map<String, Adapter.Saved> saved = new LinkedHashMap<>();

    PeftBinder(Map<String, INDArray> tensors, LoraConfig config) {
        this.tensors = tensors;
        this.config = config;
    }

    /** Takes the tensors of every slot; {@code subject} names the file in messages. */
    void bind(String subject, List<Slot> slots) throws IOException {
        for (Slot slot : slots) {
            if (slot.kind() == Slot.Kind.FACTORS) {
                bindFactors(slot);
            } else {
                bindSaved(slot);
            }
        }
        for (Map.Entry<String, INDArray> tensor : tensors.entrySet()) {
            boolean copy = config.bias() == Bias.ALL && PeftKeys.isCopy(tensor.getKey());
            if (!used.contains(tensor.getKey()) && !copy) {
                problems.add("tensor '" + tensor.getKey() + "' "
                        + Arrays.toString(tensor.getValue().shape()) + " has no place in the model");
            }
        }
        if (!problems.isEmpty()) {
            throw new IOException(subject + " doesn't fit the model: " + String.join("; ", problems)
                    + ". Expected an adapter of this model with the same targets and modules to save.");
        }
    }

    Map<String, Adapter.Factors> factors() {
        return factors;
    }

    Map<String, Adapter.Saved> saved() {
        return saved;
    }

    private void bindFactors(Slot slot) {
        FactorLayout layout = slot.layout();
        String name = slot.name();
        int rank = config.rankOf(name);
        long nOut = slot.shape()[1];
        INDArray a = take(slot, PeftKeys.a(name, layout), layout.shapeOfA(slot.shape()[0], rank));
        INDArray b = take(slot, PeftKeys.b(name, layout), layout.shapeOfB(rank, nOut));
        INDArray bias = config.loraBias() ? take(slot, PeftKeys.biasOfB(name), nOut) : null;
        INDArray magnitude = config.dora() ? take(slot, PeftKeys.magnitude(name), layout.shapeOfMagnitude(nOut)) : null;
        if (a != null && b != null) {
            INDArray flat = magnitude == null ? null : magnitude.reshape('c', new long[] {nOut});
            factors.put(name, new Adapter.Factors(layout.factorA(a), layout.factorB(b), bias, flat));
        }
    }

    private void bindSaved(Slot slot) {
        long[] shape = slot.shape().clone();
        if (slot.transposed()) {
            for (int i = 0; i < shape.length; i++) {
                shape[i] = slot.shape()[shape.length - 1 - i];
            }
        }
        INDArray value = take(slot, slot.savedKey(), shape);
        if (value != null) {
            saved.put(
                    slot.name(),
                    new Adapter.Saved(
                            slot.transposed() ? value.transpose().dup('c') : value, slot.transposed(), slot.biasOf()));
        }
    }

    private @Nullable INDArray take(Slot slot, String key, long... shape) {
        INDArray tensor = tensors.get(key);
        if (tensor == null) {
            problems.add("tensor '" + key + "' " + Arrays.toString(shape) + " is missing");
            return null;
        }
        Optional<String> problem = problem(tensor, shape);
        if (!used.add(key)) {
            problem = Optional.of("belongs to " + slot + " and to another slot");
        }
        problem.ifPresent(text -> problems.add("tensor '" + key + "' " + text));
        return problem.isPresent() ? null : tensor;
    }

    private static Optional<String> problem(INDArray tensor, long[] shape) {
        if (!Arrays.equals(tensor.shape(), shape)) {
            return Optional.of("has shape " + Arrays.toString(tensor.shape()) + ", expected " + Arrays.toString(shape));
        }
        return tensor.dataType().isFPType()
                ? Optional.empty()
                : Optional.of("holds " + tensor.dataType() + ", expected floating-point numbers");
    }
}

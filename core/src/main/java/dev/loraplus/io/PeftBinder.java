package dev.loraplus.io;

import dev.loraplus.Adapter;
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
    private final int rank;
    private final Set<String> used = new LinkedHashSet<>();
    private final List<String> problems = new ArrayList<>();
    private final Map<String, Adapter.Factors> factors = new LinkedHashMap<>();
    private final Map<String, Adapter.Saved> saved = new LinkedHashMap<>();

    PeftBinder(Map<String, INDArray> tensors, int rank) {
        this.tensors = tensors;
        this.rank = rank;
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
            if (!used.contains(tensor.getKey())) {
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
        INDArray a = take(slot, PeftKeys.a(slot.name()), layout.shapeOfA(slot.shape()[0], rank));
        INDArray b = take(slot, PeftKeys.b(slot.name()), layout.shapeOfB(rank, slot.shape()[1]));
        if (a != null && b != null) {
            factors.put(slot.name(), new Adapter.Factors(layout.factorA(a), layout.factorB(b)));
        }
    }

    private void bindSaved(Slot slot) {
        long[] shape = slot.shape().clone();
        if (slot.transposed()) {
            for (int i = 0; i < shape.length; i++) {
                shape[i] = slot.shape()[shape.length - 1 - i];
            }
        }
        INDArray value = take(slot, PeftKeys.saved(slot.name()), shape);
        if (value != null) {
            saved.put(
                    slot.name(),
                    new Adapter.Saved(slot.transposed() ? value.transpose().dup('c') : value, slot.transposed()));
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

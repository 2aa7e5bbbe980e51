package dev.loraplus.samediff.training;

import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.loraplus.io.CheckpointFile;
import dev.loraplus.optim.Optimizer;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.TrainingAccess;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says what of a training goes into a checkpoint, and brings a training back to it. */
final class CheckpointContents {
    private static final Logger LOG = LoggerFactory.getLogger(LoraTrainer.class);
    private static final JsonMapper JSON = JsonMapper.builder()
            .visibility(PropertyAccessor.ALL, Visibility.NONE)
            .visibility(PropertyAccessor.FIELD, Visibility.ANY)
            .visibility(PropertyAccessor.CREATOR, Visibility.ANY)
            .build();
    private static final TypeReference<LinkedHashMap<String, String>> TEXTS = new TypeReference<>() {};
    private static final String STATE = "state";
    private static final String SETTINGS = "settings";
    private static final String SETUP = "setup";
    private static final String PARAMETER = "parameter/";
    private static final String SLOT = "optimizer/";
    private static final String LOSSES = "losses";

    private final AdaptedGraph adapted;
    private final Optimizer optimizer;
    private final TrainingState state;
    private final TrainingRecord record;

    CheckpointContents(AdaptedGraph adapted, Optimizer optimizer, TrainingState state, TrainingRecord record) {
        this.adapted = adapted;
        this.optimizer = optimizer;
        this.state = state;
        this.record = record;
    }

    CheckpointFile collect() {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        adapted.parameters().forEach(p -> tensors.put(PARAMETER + p.name(), TrainingAccess.value(adapted, p.name())));
        optimizer
                .state()
                .forEach((parameter, slots) ->
                        slots.forEach((slot, array) -> tensors.put(SLOT + slot + "/" + parameter, array)));
        double[] losses = state.fits.stream()
                .flatMap(fit -> fit.losses.stream())
                .mapToDouble(Double::doubleValue)
                .toArray();
        if (losses.length > 0) {
            tensors.put(LOSSES, Nd4j.createFromArray(losses));
        }
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put(STATE, json(state));
        texts.put(SETTINGS, json(record.settings(state.step)));
        texts.put(SETUP, json(record.setup()));
        return new CheckpointFile(tensors, texts);
    }

    /**
     * Sets parameters, optimizer and state to those of a checkpoint.
     *
     * @throws IllegalStateException if it belongs to a training with other settings; nothing is changed then
     * @throws IOException if it lacks something; nothing is changed then
     */
    void restore(String subject, CheckpointFile file) throws IOException {
        TrainingState read = parse(subject, file);
        Map<String, String> settings = JSON.readValue(text(subject, file, SETTINGS), TEXTS);
        record.requireSame(subject, settings, read.step);
        Map<String, INDArray> parameters = new LinkedHashMap<>();
        Map<String, Map<String, INDArray>> slots = new LinkedHashMap<>();
        for (Map.Entry<String, INDArray> tensor : file.tensors().entrySet()) {
            String name = tensor.getKey();
            if (name.startsWith(PARAMETER)) {
                parameters.put(name.substring(PARAMETER.length()), tensor.getValue());
            } else if (name.startsWith(SLOT)) {
                int end = name.indexOf('/', SLOT.length());
                slots.computeIfAbsent(name.substring(end + 1), key -> new LinkedHashMap<>())
                        .put(name.substring(SLOT.length(), end), tensor.getValue());
            }
        }
        requireShapes(subject, parameters);
        optimizer.restore(slots);
        parameters.forEach((name, value) -> TrainingAccess.value(adapted, name).assign(value));
        state.copy(read);
        String note = record.difference(JSON.readValue(text(subject, file, SETUP), TEXTS), file.texts());
        if (!note.isEmpty()) {
            LOG.warn(
                    "{} was written by another set-up, so that the training goes on from it but its last digits may"
                            + " differ: {}.",
                    subject,
                    note);
        }
    }

    private static TrainingState parse(String subject, CheckpointFile file) throws IOException {
        TrainingState read = JSON.readValue(text(subject, file, STATE), TrainingState.class);
        INDArray losses = file.tensors().get(LOSSES);
        long count = read.fits.stream().mapToLong(fit -> fit.steps).sum();
        if (count != (losses == null ? 0 : losses.length())) {
            throw new IOException(subject + " does not hold the losses of its " + count + " steps.");
        }
        int next = 0;
        for (FitProgress fit : read.fits) {
            for (long i = 0; i < fit.steps; i++) {
                fit.losses.add(Objects.requireNonNull(losses).getDouble(next++));
            }
        }
        return read;
    }

    private void requireShapes(String subject, Map<String, INDArray> parameters) {
        List<String> names = adapted.parameters().stream().map(p -> p.name()).toList();
        boolean same = parameters.size() == names.size()
                && names.stream().allMatch(name -> fits(TrainingAccess.value(adapted, name), parameters.get(name)));
        if (!same) {
            throw new IllegalStateException(subject + " holds other parameters than the adapter trains: "
                    + shapes(parameters) + ", expected " + names + " in the graph's shapes and types.");
        }
    }

    private static boolean fits(INDArray live, @Nullable INDArray read) {
        return read != null && read.dataType() == live.dataType() && Arrays.equals(read.shape(), live.shape());
    }

    private static String shapes(Map<String, INDArray> parameters) {
        Map<String, String> shapes = new LinkedHashMap<>();
        parameters.forEach((name, array) -> shapes.put(name, array.dataType() + Arrays.toString(array.shape())));
        return shapes.toString();
    }

    private static String text(String subject, CheckpointFile file, String key) throws IOException {
        String text = file.texts().get(key);
        if (text == null) {
            throw new IOException(subject + " lacks '" + key + "'; it is no checkpoint of this library.");
        }
        return text;
    }

    private static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Cannot write the state of the training: " + e.getMessage(), e);
        }
    }
}

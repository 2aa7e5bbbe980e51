package dev.loraplus;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.loraplus.math.ChangeStatistics;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Tells what an adapter is at one moment: how much is trained, and how far each weight is changed. {@link #toString()}
 * is for people, {@link #toJson()} for programs. Immutable and thread-safe.
 *
 * @param trained what is trained
 * @param frozen what is not
 * @param targets the weights with factors
 * @param parameters all that is trained, in the order of the model
 * @since 0.1.0
 */
public record AdapterReport(Amount trained, Amount frozen, List<Target> targets, List<Parameter> parameters) {
    private static final ObjectWriter WRITER = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build()
            .writerFor(AdapterReport.class);

    /**
     * A number of parameters.
     *
     * @param parameters how many there are
     * @param bytes how much memory they take
     */
    public record Amount(long parameters, long bytes) {}

    /**
     * A weight with factors.
     *
     * @param weight its name
     * @param shape as it is stored
     * @param rank the inner width r of its factors
     * @param scaling what A &middot; B is multiplied by
     * @param lambda the rate of B divided by that of A
     * @param uses how its users take the change, one text each
     * @param change the size of its factors and of the change
     */
    public record Target(
            String weight,
            List<Long> shape,
            int rank,
            double scaling,
            double lambda,
            List<String> uses,
            ChangeStatistics change) {

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%s %s rank %d, scaling %s, lambda %s: |A| %.4g, |B| %.4g, change %.4g (%.3f %% of the weight),"
                            + " effective rank %.2f%n    %s%n",
                    weight,
                    shape,
                    rank,
                    scaling,
                    lambda,
                    change.normA(),
                    change.normB(),
                    change.norm(),
                    100 * change.relativeNorm(),
                    change.effectiveRank(),
                    String.join(String.format("%n    "), uses));
        }
    }

    /**
     * A trained parameter.
     *
     * @param name its name
     * @param shape as it is stored
     * @param kind what it is, for example {@code FACTOR_A}
     * @param rate its learning rate now, where the model itself holds one
     */
    public record Parameter(
            String name,
            List<Long> shape,
            String kind,
            @Nullable Double rate) {
        @Override
        public String toString() {
            return String.format("%s %s %s%s%n", name, shape, kind, rate == null ? "" : ", rate " + rate);
        }
    }

    /** Creates a report. */
    public AdapterReport {
        targets = List.copyOf(targets);
        parameters = List.copyOf(parameters);
    }

    /** Returns the report as a JSON object with the names of the records' components. */
    public String toJson() {
        try {
            return WRITER.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("The report can't be written as JSON: " + this, e);
        }
    }

    /** Returns a line of totals, a paragraph for each weight with factors, and a line for each trained parameter. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%d of %d parameters are trained (%.2f %%), %d of %d bytes%n",
                trained.parameters(),
                trained.parameters() + frozen.parameters(),
                100.0 * trained.parameters() / (trained.parameters() + frozen.parameters()),
                trained.bytes(),
                trained.bytes() + frozen.bytes()));
        targets.forEach(text::append);
        parameters.forEach(text::append);
        return text.toString();
    }
}

package dev.loraplus.network.life;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.optimize.solvers.accumulation.EncodedGradientsAccumulator;
import org.deeplearning4j.optimize.solvers.accumulation.EncodingHandler;
import org.deeplearning4j.optimize.solvers.accumulation.encoding.threshold.FixedThresholdAlgorithm;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Watches every replica that a ParallelWrapper trains, each in a thread of its own. */
final class Replicas extends BaseTrainingListener {
    private static final long MESSAGE_BYTES = 1 << 20;

    private final Map<Model, List<Step>> steps = new IdentityHashMap<>();
    private final ThreadLocal<OpenStep> open = new ThreadLocal<>();

    /**
     * One step of one replica.
     *
     * @param own its gradients, and what it alone wanted to add to its parameters
     * @param before all its parameters at the start
     * @param after all its parameters at the end
     */
    record Step(Steps own, INDArray before, INDArray after) {}

    /** Returns the steps by replica. */
    synchronized Collection<List<Step>> all() {
        return List.copyOf(steps.values());
    }

    /** Makes what SHARED_GRADIENTS makes by itself, which here notes down what each replica sends to the others. */
    EncodedGradientsAccumulator accumulator(int workers, Model network) {
        int longest = (int) (network.numParams() / 16 + 5);
        EncodingHandler handler = new EncodingHandler(new FixedThresholdAlgorithm(1e-3), null, longest, false);
        return new EncodedGradientsAccumulator(workers, handler, MESSAGE_BYTES, workers + 2, Integer.MAX_VALUE, false) {
            @Override
            public void storeUpdate(INDArray update, int iteration, int epoch) {
                open.get().noteWhatIsSent();
                super.storeUpdate(update, iteration, epoch);
            }
        };
    }

    @Override
    public void onGradientCalculation(Model model) {
        open.set(new OpenStep(model));
    }

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
        Step step = open.get().done();
        synchronized (this) {
            steps.computeIfAbsent(model, key -> new ArrayList<>()).add(step);
        }
    }

    private static final class OpenStep {
        private final Model model;
        private final INDArray flat;
        private final Map<String, INDArray> parameters;
        private final Map<String, INDArray> gradients;
        private final Map<String, INDArray> sent = new HashMap<>();

        OpenStep(Model model) {
            this.model = model;
            flat = model.params().dup();
            parameters = Steps.copy(model.paramTable());
            gradients = Steps.copy(model.gradient().gradientForVariable());
        }

        /** By now the updater has put what is to be subtracted where the gradient was. */
        void noteWhatIsSent() {
            model.gradient().gradientForVariable().forEach((key, array) -> sent.put(key, array.neg()));
        }

        Step done() {
            Steps own = sent.isEmpty()
                    ? Steps.of(parameters, gradients, model.paramTable())
                    : new Steps(parameters, gradients, sent);
            return new Step(own, flat, model.params().dup());
        }
    }
}

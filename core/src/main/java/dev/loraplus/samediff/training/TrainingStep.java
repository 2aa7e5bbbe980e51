package dev.loraplus.samediff.training;

import dev.loraplus.optim.Assignment;
import dev.loraplus.optim.GradientClip;
import dev.loraplus.optim.ParameterGroups;
import dev.loraplus.optim.Schedule;
import dev.loraplus.samediff.gradient.GradientComputer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Turns the gradients of a step into a change of the parameters: checks, clips, updates and counts. */
final class TrainingStep {
    private final TrainingState state;
    private final ParameterUpdate update;
    private final ParameterGroups groups;
    private final Schedule schedule;
    private final @Nullable GradientClip clip;
    private final List<String> lossNames;
    private final double eta;
    private final @Nullable Path folder;

    TrainingStep(
            TrainingState state,
            ParameterUpdate update,
            ParameterGroups groups,
            List<String> lossNames,
            TrainerSettings settings) {
        this.state = state;
        this.update = update;
        this.groups = groups;
        this.lossNames = lossNames;
        schedule = settings.schedule;
        clip = settings.maxGradientNorm > 0 ? new GradientClip(settings.maxGradientNorm) : null;
        eta = settings.eta;
        folder = settings.folder;
    }

    /**
     * Takes the next step.
     *
     * @param computed what the step's data gave; its gradients are overwritten
     * @param measured whether the norms of the changes are wanted
     * @throws DivergenceException if a loss or gradient is not finite; nothing is changed then
     */
    StepReport take(GradientComputer.Computed computed, long examples, TrainingListeners calls, boolean measured) {
        Map<String, INDArray> gradients = computed.gradients();
        double norm = clip == null ? GradientClip.norm(gradients.values()) : clip.clip(gradients.values());
        if (!Double.isFinite(computed.totalLoss()) || !Double.isFinite(norm)) {
            throw Divergence.at(state.step, lossNames, computed.losses(), gradients, eta, folder);
        }
        Map<String, Double> rates = rates();
        Map<String, Double> norms = update.apply(gradients, calls, state.next(), measured);
        state.step++;
        return new StepReport(state.step, state.epoch, examples, computed.totalLoss(), norm, rates, norms);
    }

    private Map<String, Double> rates() {
        double factor = schedule.factor(state.step);
        Map<String, Double> rates = new LinkedHashMap<>();
        for (Assignment assignment : groups.assignments()) {
            rates.merge(assignment.group(), assignment.rate() * factor, Math::max);
        }
        return rates;
    }
}

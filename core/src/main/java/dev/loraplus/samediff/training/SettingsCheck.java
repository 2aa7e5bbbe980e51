package dev.loraplus.samediff.training;

/** Refuses settings of a trainer that lie outside their range or would have no effect. */
final class SettingsCheck {
    private SettingsCheck() {}

    static void run(TrainerSettings settings) {
        numbers(settings);
        saving(settings);
        evaluation(settings);
        labels(settings);
    }

    private static void numbers(TrainerSettings settings) {
        double eta = settings.eta;
        require(
                eta > 0 && !Double.isInfinite(eta),
                "eta, the learning rate of A, must be finite and above 0, got " + (Double.isNaN(eta) ? "nothing" : eta)
                        + "; set it with eta(...), for example 4e-4.");
        require(
                settings.maxGradientNorm >= 0,
                "maxGradientNorm must be at least 0, got " + settings.maxGradientNorm + ".");
        require(
                settings.optimizer.state().isEmpty(),
                "The optimizer " + settings.optimizer.name()
                        + " has taken steps in another training; give each trainer one of its own, from Optimizers.");
        require(settings.maxSteps >= 1, "maxSteps must be at least 1, got " + settings.maxSteps + ".");
        require(
                settings.accumulate >= 1,
                "accumulate must be at least 1 batch a step, got " + settings.accumulate + ".");
    }

    private static void saving(TrainerSettings settings) {
        require(
                settings.saveEvery >= 0 && (settings.saveEvery == 0 || settings.folder != null),
                "saveEvery must be at least 1 and needs saveTo(folder), got " + settings.saveEvery
                        + (settings.folder == null ? " and no folder" : "") + ".");
        if (settings.checkpoints == null) {
            require(settings.checkpointEvery == 0, withoutCheckpoints("checkpointEvery"));
            require(!settings.keepLastSet, withoutCheckpoints("keepLast"));
            require(!settings.resume, withoutCheckpoints("resume"));
        }
    }

    private static String withoutCheckpoints(String option) {
        return option + " has no effect without checkpoints(folder); name the folder, or drop " + option + ".";
    }

    private static void evaluation(TrainerSettings settings) {
        if (settings.metric == null) {
            require(
                    settings.best == null,
                    "keepBest has no effect without a metric to find the best by; set one with evaluate(...).");
            require(
                    settings.earlyStopping == null,
                    "earlyStopping has no effect without a metric to watch; set one with evaluate(...).");
        }
    }

    private static void labels(TrainerSettings settings) {
        double smoothing = settings.labelSmoothing;
        require(smoothing >= 0 && smoothing < 1, "labelSmoothing must be in [0, 1), got " + smoothing + ".");
        boolean averages =
                settings.accumulate > 1 || settings.classWeights != null || settings.metric instanceof LossMetric;
        require(
                settings.lossAverage == null || averages,
                "lossAverage has no effect without accumulate(...), classWeights(...) or the metric of the loss; drop"
                        + " it.");
        if (settings.classWeights == null) {
            return;
        }
        double sum = 0;
        for (double weight : settings.classWeights) {
            require(
                    weight >= 0 && !Double.isInfinite(weight),
                    "classWeights must be finite and at least 0, got " + settings.classWeights + ".");
            sum += weight;
        }
        require(sum > 0, "classWeights must not all be 0, got " + settings.classWeights + ".");
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}

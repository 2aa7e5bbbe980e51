package dev.loraplus.optim;

import java.util.OptionalDouble;

/** Applies the tables of {@link Grouping} to one parameter after the other. */
record GroupRules(GroupSettings settings) {
    /** The rate of embeddings that PEFT has by default. */
    private static final double REFERENCE_EMBEDDING_RATE = 1e-6;

    Assignment assign(TrainedParameter parameter) {
        return settings.grouping() == Grouping.STRICT ? strict(parameter) : reference(parameter);
    }

    private Assignment strict(TrainedParameter parameter) {
        return switch (parameter.kind()) {
            case FACTOR_A -> likeA(parameter);
            case FACTOR_B -> likeB(parameter);
            case FACTOR_B_BIAS -> likeBias(parameter);
            case EMBEDDING_A -> embedding(parameter, likeA(parameter));
            case EMBEDDING_B -> embedding(parameter, likeB(parameter));
            case MAGNITUDE, CONV_MAGNITUDE -> new Assignment(parameter, "magnitude", settings.eta(), 0);
            case BASE_BIAS -> new Assignment(parameter, "base_no_decay", settings.eta(), 0);
            case WEIGHT -> new Assignment(parameter, "head", headRate(), settings.weightDecay());
            case BIAS, NORM, OTHER_NORM_GAIN -> new Assignment(parameter, "head_no_decay", headRate(), 0);
        };
    }

    private Assignment reference(TrainedParameter parameter) {
        return switch (parameter.kind()) {
            case FACTOR_A, CONV_MAGNITUDE -> likeA(parameter);
            case FACTOR_B, MAGNITUDE, OTHER_NORM_GAIN -> likeB(parameter);
            case EMBEDDING_A, EMBEDDING_B -> embedding(parameter, inEmbeddings(parameter, REFERENCE_EMBEDDING_RATE));
            case WEIGHT -> parameter.shape().length < 2 ? likeB(parameter) : likeA(parameter);
            case FACTOR_B_BIAS, BASE_BIAS, BIAS, NORM -> likeBias(parameter);
        };
    }

    private Assignment likeA(TrainedParameter parameter) {
        return new Assignment(parameter, "A", settings.eta(), settings.weightDecay());
    }

    private Assignment likeB(TrainedParameter parameter) {
        return new Assignment(parameter, "B", rateOfB(parameter), settings.weightDecay());
    }

    private Assignment likeBias(TrainedParameter parameter) {
        return new Assignment(parameter, "B_no_decay", rateOfB(parameter), 0);
    }

    private Assignment embedding(TrainedParameter parameter, Assignment otherwise) {
        OptionalDouble rate = settings.embeddingRate();
        return rate.isPresent() ? inEmbeddings(parameter, rate.getAsDouble()) : otherwise;
    }

    private Assignment inEmbeddings(TrainedParameter parameter, double rate) {
        return new Assignment(parameter, "embedding", rate, settings.weightDecay());
    }

    private double headRate() {
        return settings.headRate().orElse(settings.eta());
    }

    private double rateOfB(TrainedParameter parameter) {
        double lambda = settings.lambda().applyAsDouble(parameter);
        Checks.positive("lambda of '" + parameter.name() + "'", lambda);
        double rate = lambda * settings.eta();
        Checks.positive("lambda * eta of '" + parameter.name() + "'", rate);
        return rate;
    }
}

package dev.loraplus.optim;

/**
 * Creates optimizers, each fresh and for one training, that take PyTorch's steps to the last digits.
 *
 * <p>Weight decay is that of the PyTorch class: {@link #adamW} takes rate &middot; decay of the parameter away
 * (decoupled); all others add decay &middot; parameter to the gradient first (L2), where it passes through their means.
 * Rates and decays are not theirs: they come from {@link ParameterGroups}, one for each parameter.
 *
 * @since 0.1.0
 */
public final class Optimizers {
    private Optimizers() {}

    /** Returns {@link AdamW} with PyTorch's defaults. */
    public static Optimizer adamW() {
        return new AdamW();
    }

    /** Returns {@link AdamW} with constants of your choice. */
    public static Optimizer adamW(AdamW.Config config) {
        return new AdamW(config);
    }

    /** Returns {@code torch.optim.Adam} with its defaults. */
    public static Optimizer adam() {
        return adam(AdamW.Config.DEFAULT);
    }

    /** Returns {@code torch.optim.Adam}: as {@link AdamW}, but for the decay, which is added to the gradient. */
    public static Optimizer adam(AdamW.Config config) {
        return new Adam(new AdamMethod(config, false));
    }

    /** Returns {@code torch.optim.Adam} with {@code amsgrad=True} and its other defaults. */
    public static Optimizer amsGrad() {
        return amsGrad(AdamW.Config.DEFAULT);
    }

    /** Returns {@code torch.optim.Adam} with {@code amsgrad=True}: the largest v so far takes the place of v. */
    public static Optimizer amsGrad(AdamW.Config config) {
        return new Adam(new AdamMethod(config, true));
    }

    /** Returns {@code torch.optim.NAdam} with its defaults. */
    public static Optimizer nadam() {
        return nadam(AdamW.Config.DEFAULT, 4e-3);
    }

    /**
     * Returns {@code torch.optim.NAdam}: with mu_t = beta1 (1 - 0.96^(t momentumDecay) / 2) and M_t their product up to
     * t, p &larr; p - rate ((1 - mu_t) / (1 - M_t) g + mu_{t+1} / (1 - M_{t+1}) m) / (&radic;(v / (1 - beta2^t)) +
     * epsilon).
     *
     * @param config the constants of Adam
     * @param momentumDecay how fast the momentum approaches beta1: finite and at least 0; PyTorch's default is 4e-3
     * @throws IllegalArgumentException if momentumDecay lies outside its range
     */
    public static Optimizer nadam(AdamW.Config config, double momentumDecay) {
        return new Nadam(config, momentumDecay);
    }

    /**
     * Returns {@code torch.optim.SGD}: b &larr; momentum b + g, p &larr; p - rate b.
     *
     * @param momentum how much of b is kept: in [0, 1); 0 keeps nothing and has no state
     * @throws IllegalArgumentException if the momentum lies outside its range
     */
    public static Optimizer sgd(double momentum) {
        return Sgd.of(momentum, false);
    }

    /**
     * Returns {@code torch.optim.SGD} with {@code nesterov=True}: b &larr; momentum b + g, p &larr; p - rate (g +
     * momentum b).
     *
     * @param momentum how much of b is kept: in (0, 1)
     * @throws IllegalArgumentException if the momentum lies outside its range
     */
    public static Optimizer nesterov(double momentum) {
        return Sgd.of(momentum, true);
    }

    /** Returns {@code torch.optim.RMSprop} with its defaults: 0.99 and 1e-8. */
    public static Optimizer rmsProp() {
        return rmsProp(0.99, 1e-8);
    }

    /**
     * Returns {@code torch.optim.RMSprop}: s &larr; alpha s + (1 - alpha) g&sup2;, p &larr; p - rate g / (&radic;s +
     * epsilon).
     *
     * @param alpha how much of s is kept: in [0, 1)
     * @param epsilon what is added to the root: finite and above 0
     * @throws IllegalArgumentException if a value lies outside its range
     */
    public static Optimizer rmsProp(double alpha, double epsilon) {
        return new RmsProp(alpha, epsilon);
    }

    /** Returns {@code torch.optim.Adagrad} with its default: 1e-10. */
    public static Optimizer adaGrad() {
        return adaGrad(1e-10);
    }

    /**
     * Returns {@code torch.optim.Adagrad}: s &larr; s + g&sup2;, p &larr; p - rate g / (&radic;s + epsilon).
     *
     * @param epsilon what is added to the root: finite and above 0
     * @throws IllegalArgumentException if epsilon lies outside its range
     */
    public static Optimizer adaGrad(double epsilon) {
        return new AdaGrad(epsilon);
    }
}

package dev.loraplus.optim;

import java.util.Collection;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Bounds the length of the gradient, all arrays taken as one vector, as PyTorch's {@code clip_grad_norm_}.
 *
 * @param max the largest norm that is left alone: finite and above 0
 * @since 0.1.0
 */
public record GradientClip(double max) {
    /** PyTorch's guard against division by zero. */
    private static final double GUARD = 1e-6;

    /**
     * Checks the bound.
     *
     * @throws IllegalArgumentException if it is not finite and above 0
     */
    public GradientClip {
        Checks.positive("The largest gradient norm", max);
    }

    /** Returns the Euclidean norm over all values of all arrays; NaN or infinite if one of them is; 0 for none. */
    public static double norm(Collection<INDArray> gradients) {
        double squares = 0;
        for (INDArray gradient : gradients) {
            double norm = gradient.norm2Number().doubleValue();
            squares += norm * norm;
        }
        return Math.sqrt(squares);
    }

    /**
     * Multiplies all arrays, in place, by max / (norm + 1e-6) where that is below 1.
     *
     * @return the norm before; where it is NaN or infinite, nothing was changed and the step should not be taken
     */
    public double clip(Collection<INDArray> gradients) {
        double norm = norm(gradients);
        double coefficient = max / (norm + GUARD);
        if (Double.isFinite(norm) && coefficient < 1) {
            gradients.forEach(gradient -> gradient.muli(coefficient));
        }
        return norm;
    }
}

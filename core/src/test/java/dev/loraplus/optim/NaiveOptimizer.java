package dev.loraplus.optim;

import java.util.HashMap;
import java.util.Map;

/** The optimizers as PyTorch's documentation writes them, value by value, with its default constants. */
final class NaiveOptimizer {
    final double[] p;
    private final String method;
    private final Map<String, double[]> slots = new HashMap<>();
    private int t;
    private double product = 1;

    NaiveOptimizer(String method, double[] start) {
        this.method = method;
        p = start.clone();
    }

    void update(double[] gradient, double rate, double decay) {
        t++;
        double momentum = momentum(t);
        product *= momentum;
        for (int i = 0; i < p.length; i++) {
            double g = method.equals("adamW") ? gradient[i] : gradient[i] + decay * p[i];
            double kept = method.equals("adamW") ? p[i] - rate * decay * p[i] : p[i];
            p[i] = kept - rate * direction(i, g);
        }
    }

    private double direction(int i, double g) {
        return switch (method) {
            case "sgd" -> g;
            case "momentum" -> buffer(i, g);
            case "nesterov" -> g + 0.9 * buffer(i, g);
            case "rmsProp" -> g / (Math.sqrt(mean("s", i, g * g, 0.99)) + 1e-8);
            case "adaGrad" -> {
                slot("s")[i] += g * g;
                yield g / (Math.sqrt(slot("s")[i]) + 1e-10);
            }
            default -> adam(i, g);
        };
    }

    private double adam(int i, double g) {
        double m = mean("m", i, g, 0.9);
        double v = mean("v", i, g * g, 0.999);
        if (method.equals("amsGrad")) {
            v = slot("max")[i] = Math.max(v, slot("max")[i]);
        }
        double root = Math.sqrt(v / (1 - Math.pow(0.999, t))) + 1e-8;
        if (method.equals("nadam")) {
            double next = momentum(t + 1);
            return ((1 - momentum(t)) * g / (1 - product) + next * m / (1 - product * next)) / root;
        }
        return m / (1 - Math.pow(0.9, t)) / root;
    }

    private static double momentum(int step) {
        return 0.9 * (1 - 0.5 * Math.pow(0.96, step * 0.004));
    }

    private double buffer(int i, double g) {
        return slot("b")[i] = 0.9 * slot("b")[i] + g;
    }

    private double mean(String name, int i, double value, double keep) {
        return slot(name)[i] = keep * slot(name)[i] + (1 - keep) * value;
    }

    private double[] slot(String name) {
        return slots.computeIfAbsent(name, key -> new double[p.length]);
    }
}

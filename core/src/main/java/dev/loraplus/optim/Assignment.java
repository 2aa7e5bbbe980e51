package dev.loraplus.optim;

/**
 * Says how fast one parameter learns.
 *
 * @param parameter the parameter
 * @param group the name of its group
 * @param rate its peak learning rate, which a {@link Schedule} scales
 * @param decay its weight decay, decoupled from the gradient or not as the {@link Optimizer} says
 * @since 0.1.0
 */
public record Assignment(TrainedParameter parameter, String group, double rate, double decay) {}

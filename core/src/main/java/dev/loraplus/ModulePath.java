package dev.loraplus;

/**
 * Turns names of variables into module paths, and says when a pattern names one.
 *
 * <p>The module path of a weight is its name with {@code /} read as {@code .} and a trailing {@code .weight} left out,
 * so that {@code bert/encoder/query.weight} is module {@code bert.encoder.query}, the name PEFT files use.
 *
 * @since 0.1.0
 */
public final class ModulePath {
    private ModulePath() {}

    /** Returns the name with {@code /} read as {@code .}. */
    public static String dotted(String variable) {
        return variable.replace('/', '.');
    }

    /** Returns the module path of a weight. */
    public static String of(String variable) {
        String name = dotted(variable);
        return name.endsWith(".weight") ? name.substring(0, name.length() - ".weight".length()) : name;
    }

    /** Returns whether {@code name} is the variable or its module path, or their trailing part after a dot. */
    public static boolean isNamed(String variable, String name) {
        String wanted = dotted(name);
        return endsWith(dotted(variable), wanted) || endsWith(of(variable), wanted);
    }

    /** Returns whether {@code module} names the variable, as {@link #isNamed}, or a module that holds it. */
    public static boolean isWithin(String variable, String module) {
        String name = dotted(variable);
        for (int dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
            if (endsWith(name.substring(0, dot), dotted(module))) {
                return true;
            }
        }
        return isNamed(variable, module);
    }

    private static boolean endsWith(String path, String name) {
        return path.equals(name) || path.endsWith("." + name);
    }
}

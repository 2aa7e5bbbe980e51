package dev.loraplus.samediff;

import dev.loraplus.samediff.WeightCase.Limit;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;

/** Every kind of use of a weight that stock SameDiff M2.1 can execute. */
final class WeightCases {
    private WeightCases() {}

    static Stream<WeightCase> all() {
        return Stream.concat(ProductCases.all(), LayerCases.all());
    }

    static WeightCase of(String name, String sides, String form, WeightCase.Use use, long... shape) {
        return new WeightCase(name, shape, sides, List.of(form), Set.of(), use);
    }

    static WeightCase of(String name, String sides, List<String> forms, WeightCase.Use use, long... shape) {
        return new WeightCase(name, shape, sides, forms, Set.of(), use);
    }

    static WeightCase wrong(String name, String sides, String form, WeightCase.Use use, long... shape) {
        return new WeightCase(name, shape, sides, List.of(form), Set.of(Limit.GRADIENT_IS_WRONG), use);
    }

    static WeightCase failing(String name, String sides, String form, WeightCase.Use use, long... shape) {
        return new WeightCase(name, shape, sides, List.of(form), Set.of(Limit.GRADIENT_FAILS), use);
    }

    static SDVariable x(SameDiff graph, DataType type, long... shape) {
        return graph.placeHolder("x" + graph.variables().size(), type, shape);
    }

    static SDVariable v(SameDiff graph, DataType type, long... shape) {
        int count = graph.variables().size();
        return graph.var("v" + count, Fixtures.random(count, type, shape));
    }
}

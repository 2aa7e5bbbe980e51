package dev.loraplus;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModulePathTest {
    @ParameterizedTest
    @CsvSource({
        "bert/encoder/query.weight, bert.encoder.query",
        "bert.encoder.query.weight, bert.encoder.query",
        "bert/encoder/query.bias,   bert.encoder.query.bias",
        "W,                         W",
        "weight,                    weight",
        "my_weight,                 my_weight",
    })
    void of_isTheModuleOfAWeight(String variable, String module) {
        assertThat(ModulePath.of(variable)).isEqualTo(module);
    }

    @ParameterizedTest
    @CsvSource({
        "bert/encoder/query.weight, query,                     true",
        "bert/encoder/query.weight, query.weight,              true",
        "bert/encoder/query.weight, encoder/query,             true",
        "bert/encoder/query.weight, bert.encoder.query.weight, true",
        "bert/encoder/query.weight, uery,                      false",
        "bert/encoder/query.weight, encoder,                   false",
        "bert/encoder/query.bias,   query,                     false",
        "bert/encoder/query.bias,   query.bias,                true",
    })
    void isNamed_takesWholeTrailingParts(String variable, String name, boolean expected) {
        assertThat(ModulePath.isNamed(variable, name)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "classifier.weight,            classifier,       true",
        "classifier.bias,              classifier,       true",
        "bert/head/dense.bias,         head,             true",
        "bert/head/dense.bias,         bert.head,        true",
        "bert/head/dense.bias,         head/dense,       true",
        "bert/head/dense.bias,         bert,             true",
        "bert/head/dense.bias,         head.dense.bias,  true",
        "bert/head/dense.bias,         ense,             false",
        "bert/head/dense.bias,         bias,             true",
        "bert/overhead/dense.bias,     head,             false",
        "classifier2.bias,             classifier,       false",
        "classifier,                   classifier,       true",
    })
    void isWithin_takesTheVariableAndEveryModuleAroundIt(String variable, String module, boolean expected) {
        assertThat(ModulePath.isWithin(variable, module)).isEqualTo(expected);
    }
}

package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loraplus.AdaptedModel;
import dev.loraplus.Adapter;
import dev.loraplus.AdapterReport;
import dev.loraplus.AdapterSet;
import dev.loraplus.AdapterSetChecks;
import dev.loraplus.Bias;
import dev.loraplus.LoraConfig;
import dev.loraplus.Targets;
import dev.loraplus.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

/** What several adapters do on either kind of network; adapters of other ranks, targets and modules to save. */
abstract class NamedNetworksContract<N> {
    static final INDArray INPUT = Networks.uniform(DataType.DOUBLE, 8, Networks.BATCH, Networks.IN);
    private static final LoraConfig SECOND = LoraConfig.builder()
            .rank(3)
            .alpha(6)
            .seed(9)
            .targets(Targets.allLinear().exclude("out"))
            .build();

    private final Topology<N> topology;
    private final N base;
    private final NamedNetworks<N> named;
    private final String layer;
    private final LoraConfig first;
    private final INDArray weights;

    /**
     * Takes a network.
     *
     * @param layer one of its layers from 5 to 7
     */
    NamedNetworksContract(Topology<N> topology, N base, String layer) {
        this.topology = topology;
        this.base = base;
        this.named = on(base);
        this.layer = layer;
        this.weights = topology.params(base).dup();
        first = LoraConfig.builder()
                .rank(2)
                .alpha(6)
                .targets(layer)
                .modulesToSave("out")
                .build();
    }

    abstract NamedNetworks<N> on(N plain);

    abstract INDArray output(N network);

    abstract void fit(N network);

    abstract N copy(N network);

    @Test
    void activate_givesTheNetworkOfThatAdapterAlone_andNoneTheBase() {
        INDArray plain = output(named.model());
        INDArray one = output(filled(named.add("first", first), 1).model());
        INDArray two = output(filled(named.add("second", SECOND), 2).model());

        named.activate("first");
        assertSame(output(named.model()), one);
        assertThat(named.model()).isSameAs(named.adapted("first").model());
        named.activate("second");
        assertSame(output(named.model()), two);
        named.activate();
        assertSame(output(named.model()), plain);
        assertThat(named.model()).isSameAs(base);
        assertThat(named.names()).containsExactly("first", "second");
        assertThat(one.equalsWithEps(two, 1e-3)).isFalse();
        assertSame(topology.params(base), weights);
    }

    @Test
    void adapters_shareTheBasesWeights_andTrainApart() {
        AdaptedNetwork<N> one = filled(named.add("first", first), 1);
        AdaptedNetwork<N> two = filled(named.add("second", SECOND), 2);
        INDArray second = topology.params(two.model()).dup();
        fit(one.model());
        INDArray trained = topology.params(one.model()).dup();

        named.activate("second");
        assertSame(topology.params(named.model()), second);
        fit(named.model());
        named.activate("first");

        assertSame(topology.params(named.model()), trained);
        assertSame(topology.params(base), weights);
        INDArray shared = Objects.requireNonNull(bases(one).get(layer));
        assertThat(bases(two).get(layer)).isSameAs(shared);
        assertThat(shared.data().address())
                .isEqualTo(site(base).runtime().params().data().address());
    }

    @Test
    void activate_ofSeveral_addsUpTheirChanges_andRefusesTraining() {
        filled(named.add("first", first), 1);
        filled(named.add("second", SECOND), 2);
        named.setScale("second", -0.5);
        INDArray expected = change("first").add(change("second"));

        named.activate("first", "second");

        assertThat(named.active()).containsExactly("first", "second");
        assertThatThrownBy(named::adapted)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("[first, second]");
        assertNear(weight(new PlainNetworks<>(topology, named.model()).merged()).sub(weight(base)), expected);
        INDArray before = topology.params(named.model()).dup();
        assertThatThrownBy(() -> fit(named.model()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("[first, second]", "not for training");
        assertSame(topology.params(named.model()), before);
        named.setScale("second", 0);
        assertNear(output(named.model()), output(named.adapted("first").model()));
    }

    @Test
    void setScale_multipliesTheChange_andStaysWithItsAdapter() {
        INDArray plain = output(base);
        LoraConfig config = first.toBuilder().modulesToSave().build();
        AdaptedNetwork<N> adapted = filled(named.add("first", config), 1);
        INDArray once = output(adapted.model());
        INDArray change = change("first");

        named.setScale("first", 0);
        assertSame(output(adapted.model()), plain);
        named.setScale("first", 1);
        assertSame(output(adapted.model()), once);
        named.setScale("first", -2.5);
        named.add("second", SECOND);
        assertThat(named.scale("second")).isEqualTo(1);
        named.activate("first");

        assertThat(named.scale("first")).isEqualTo(-2.5);
        assertNear(change("first"), change.mul(-2.5));
        assertThat(adapted.describe().targets().get(0).scaling()).isCloseTo(-7.5, within(1e-12));
        assertSame(output(copy(adapted.model())), output(adapted.model()));
        assertNear(output(adapted.merge()), output(adapted.model()));
        assertThatThrownBy(() -> named.setScale("first", Double.NaN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("finite, got NaN");
        assertThat(named.scale("first")).isEqualTo(-2.5);
    }

    @Test
    void combinations_changeWeightsByTheSharesOfTheirAdapters() {
        LoraConfig patterns = SECOND.toBuilder()
                .rankPattern(layer, 2)
                .alphaPattern(layer, 7)
                .rsLora(true)
                .build();
        filled(named.add("first", first.toBuilder().lambda(4).build()), 1);
        filled(named.add("second", patterns), 2);
        named.setScale("second", 3);
        INDArray expected = change("first").mul(0.5).addi(change("second").mul(-0.25));
        Map<String, Double> shares = shares("first", 0.5, "second", -0.25);

        named.addCat("cat", shares);
        named.addSvd("svd", shares, OptionalInt.of(4));

        assertThat(named.active()).containsExactly("second");
        assertNear(change("cat"), expected);
        assertNear(change("svd"), expected);
        assertThat(named.adapter("cat").config().rank()).isEqualTo(5);
        assertThat(named.adapter("svd").config().lambda()).isEqualTo(4);
        Map<String, Adapter.Saved> saved = named.adapter("first").saved();
        named.adapter("cat")
                .saved()
                .forEach((name, own) -> assertSame(
                        own.value(),
                        Objects.requireNonNull(saved.get(name), name).value()));
        fit(named.adapted("cat").model());
    }

    @Test
    void addLinear_sumsTheFactors() {
        LoraConfig config = first.toBuilder().modulesToSave().build();
        Adapter.Factors one = factors(filled(named.add("one", config), 1));
        Adapter.Factors two = factors(filled(named.add("two", config), 2));

        named.addLinear("mean", shares("one", 0.5, "two", -0.5));

        INDArray a = one.a().sub(two.a()).muli(Math.sqrt(1.5));
        INDArray b = one.b().add(two.b()).muli(Math.sqrt(1.5));
        assertNear(change("mean"), a.mmul(b));
    }

    @Test
    void failures_changeNothing(@TempDir Path folder) throws IOException {
        AdaptedNetwork<N> adapted = filled(named.add("first", first), 1);
        INDArray before = output(named.model());
        Map<String, Double> twice = shares("first", 1, "heads", 1);

        AdapterSetChecks.assertRefusals(named, SECOND, folder);
        assertThatThrownBy(() -> named.addCat("sum", Map.of())).hasMessageContaining("at least one adapter");
        assertThatThrownBy(() -> on(adapted.model()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapter already");
        assertThat(named.names()).containsExactly("first");

        named.add("heads", first);
        named.add("biased", SECOND.toBuilder().bias(Bias.ALL).build());
        named.add("all", SECOND.toBuilder().targets(Targets.allLinear()).build());
        named.activate("first");
        assertThatThrownBy(() -> named.activate("first", "all"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("[out]", "trained fully or has factors");
        assertThatThrownBy(() -> named.addCat("sum", twice)).hasMessageContaining("trained by two adapters");
        assertThatThrownBy(() -> named.activate("heads", "biased"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("'biased'", "bias = ALL");
        assertThat(named.names()).containsExactly("first", "heads", "biased", "all");
        assertThat(named.active()).containsExactly("first");
        assertSame(output(named.model()), before);
    }

    @Test
    void disabledAdapters_areNeitherScaledNorCombined() {
        AdaptedNetwork<N> adapted = named.add("first", first);
        try (AdaptedModel.Disabled disabled = adapted.disable()) {
            assertThatThrownBy(() -> named.setScale("first", 2))
                    .as("%s", disabled)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("disabled");
            assertThatThrownBy(() -> named.addCat("sum", shares("first", 1)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("disabled");
        }
        assertThat(named.scale("first")).isEqualTo(1);
        named.add("second", SECOND);
        named.activate("first", "second");
        INDArray sum = output(named.model());
        try (AdaptedModel.Disabled disabled = adapted.disable()) {
            assertThatThrownBy(() -> named.setScale("second", 2))
                    .as("%s", disabled)
                    .hasMessageContaining("disabled");
        }
        assertThat(named.scale("second")).isEqualTo(1);
        assertSame(output(named.model()), sum);
    }

    @Test
    void options_areThoseOfEachAdapter_andOfACombinationsFirst(@TempDir Path folder) throws IOException {
        NetworkOptions options = NetworkOptions.defaults()
                .withFineTune(
                        FineTuneConfiguration.builder().updater(new Sgd(0.25)).build());
        named.add("first", SECOND.toBuilder().lambda(4).build(), options).save(folder);
        named.add("second", SECOND);

        named.addCat("sum", shares("first", 1, "second", 1));
        named.load("loaded", folder, builder -> builder.lambda(2), options);

        assertThat(rates("first")).startsWith(0.25, 1.0);
        assertThat(rates("second")).startsWith(0.01);
        assertThat(rates("sum")).startsWith(0.25, 1.0);
        assertThat(rates("loaded")).startsWith(0.25, 0.5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a/b", ".hidden", "a b"})
    void names_areNamesOfFolders(String name) {
        assertThatThrownBy(() -> named.add(name, SECOND))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("name of an adapter");
    }

    @Test
    void remove_forgetsWhatIsNotActive() {
        AdaptedNetwork<N> removed = named.add("first", first);
        named.add("second", SECOND);
        named.remove("first");

        assertThat(named.names()).containsExactly("second");
        assertThatThrownBy(() -> named.scale("first")).isInstanceOf(IllegalArgumentException.class);
        assertSame(output(removed.model()), output(base));
    }

    @Test
    void save_writesPeftsFolders_andLoadReadsThem(@TempDir Path folder, @TempDir Path scaled) throws IOException {
        filled(named.add(AdapterSet.DEFAULT, first), 1);
        filled(named.add("other", SECOND), 2);
        named.addCat("sum", shares("other", -1, AdapterSet.DEFAULT, 2));

        named.save(folder);

        assertThat(named.active()).containsExactly("other");
        assertThat(folder.resolve("adapter_config.json")).exists();
        NamedNetworks<N> loaded = on(copy(base));
        loaded.load(AdapterSet.DEFAULT, folder);
        for (String name : new String[] {"other", "sum"}) {
            loaded.load(name, folder.resolve(name));
        }
        for (String name : named.names()) {
            assertThat(output(loaded.adapted(name).model())
                            .distance2(output(named.adapted(name).model())))
                    .as(name)
                    .isLessThan(1e-6);
        }
        named.setScale("other", 5);
        named.save(scaled);
        Map<String, INDArray> written = tensors(folder.resolve("other"));
        tensors(scaled.resolve("other"))
                .forEach((name, tensor) -> assertSame(tensor, Objects.requireNonNull(written.get(name))));
    }

    private List<@Nullable Double> rates(String name) {
        return named.adapted(name).describe().parameters().stream()
                .<@Nullable Double>map(AdapterReport.Parameter::rate)
                .toList();
    }

    private AdaptedNetwork<N> filled(AdaptedNetwork<N> adapted, long seed) {
        Networks.fill(topology.params(adapted.model()), seed);
        return adapted;
    }

    /** Returns by how much an adapter changes the weight of the layer, as merging does. */
    private INDArray change(String name) {
        return weight(named.adapted(name).merge()).sub(weight(base));
    }

    private Adapter.Factors factors(AdaptedNetwork<N> adapted) {
        return Objects.requireNonNull(adapted.adapter().factors().get(layer + ".W"));
    }

    private INDArray weight(N plain) {
        return Objects.requireNonNull(site(plain).runtime().getParam("W"));
    }

    private Site site(N network) {
        return topology.sites(network).stream()
                .filter(site -> site.name().equals(layer))
                .findFirst()
                .orElseThrow();
    }

    private Map<String, INDArray> bases(AdaptedNetwork<N> adapted) {
        return NetworkBases.of(topology.sites(adapted.model()));
    }

    private static Map<String, INDArray> tensors(Path folder) throws IOException {
        return Safetensors.read(folder.resolve("adapter_model.safetensors")).tensors();
    }

    private static Map<String, Double> shares(Object... namesAndShares) {
        Map<String, Double> shares = new LinkedHashMap<>();
        for (int i = 0; i < namesAndShares.length; i += 2) {
            shares.put((String) namesAndShares[i], ((Number) namesAndShares[i + 1]).doubleValue());
        }
        return shares;
    }

    private static void assertNear(INDArray actual, INDArray expected) {
        assertThat(actual.distance2(expected)).isLessThan(1e-12);
    }

    private static void assertSame(INDArray actual, INDArray expected) {
        assertThat(actual.equalsWithEps(expected, 0))
                .as("%s, expected %s", actual, expected)
                .isTrue();
    }
}

package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.loraplus.LoraPlus;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.stream.StreamSupport;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.listeners.CollectScoresListener;
import org.deeplearning4j.ui.api.UIServer;
import org.deeplearning4j.ui.model.stats.StatsListener;
import org.deeplearning4j.ui.model.storage.InMemoryStatsStorage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What DL4J's own training page, asked over HTTP, shows of an adapted network while it learns. */
@Timeout(120)
class StatsServerTest {
    private static final String PORT = "org.deeplearning4j.ui.port";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int STEPS = 4;

    private final HttpClient client = HttpClient.newHttpClient();
    private final InMemoryStatsStorage storage = new InMemoryStatsStorage();
    private UIServer server;

    /** The server's web framework warns of slow answers, straight to standard error if it isn't told where to. */
    @BeforeAll
    static void logErrorsOnly() {
        System.setProperty("vertx.logger-delegate-factory-class-name", "io.vertx.core.logging.SLF4JLogDelegateFactory");
        System.setProperty("org.slf4j.simpleLogger.log.io.vertx", "error");
    }

    @BeforeEach
    void start() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            System.setProperty(PORT, String.valueOf(free.getLocalPort()));
        }
        server = UIServer.getInstance();
        server.attach(storage);
    }

    @AfterEach
    void stop() throws Exception {
        UIServer.stopInstance();
        System.clearProperty(PORT);
    }

    @Test
    void networkInTraining_showsItsScoresAndFactors() throws Exception {
        MultiLayerNetwork network =
                LoraPlus.attach(Life.network(), Life.config()).model();
        CollectScoresListener scores = new CollectScoresListener(1);
        network.setListeners(new StatsListener(storage, 1), scores);
        network.fit(Life.batches(STEPS));

        assertThat(shownScores()).containsExactly(scores.getListScore().toDoubleArray());
        assertThat(get("/train/overview").body()).contains("Overview");
        assertThat(json("/train/model/graph").toString()).contains("fc1", "fc2", "out");
        JsonNode layer = json("/train/model/data/1");
        assertThat(layer.at("/meanMag/paramMM").toString()).contains("WloraA", "WloraB");
        assertThat(layer.at("/paramHist").toString()).contains("WloraA", "WloraB");
        // DL4J asks the wrapped layer for rates and knows that of A only.
        assertThat(layer.at("/learningRates/lrs/W/0").doubleValue()).isEqualTo(0.01);
    }

    @Test
    void graphInTraining_showsItsScoresAndFactors() throws Exception {
        ComputationGraph graph = LoraPlus.attach(Life.graph(), Life.config()).model();
        CollectScoresListener scores = new CollectScoresListener(1);
        graph.setListeners(new StatsListener(storage, 1), scores);
        graph.fit(Life.batches(STEPS));

        assertThat(shownScores()).containsExactly(scores.getListScore().toDoubleArray());
        assertThat(json("/train/model/graph").toString()).contains("left", "right", "out");
        JsonNode layer = json("/train/model/data/1");
        assertThat(layer.at("/meanMag/paramMM").toString()).contains("WloraA", "WloraB");
    }

    /** The server takes what it is told in turns of half a second. */
    private double[] shownScores() throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        JsonNode shown;
        do {
            Thread.sleep(100);
            shown = json("/train/overview/data").get("scores");
        } while (shown.size() < STEPS && System.nanoTime() < end);
        return StreamSupport.stream(shown.spliterator(), false)
                .mapToDouble(JsonNode::doubleValue)
                .toArray();
    }

    private JsonNode json(String path) throws Exception {
        return new ObjectMapper().readTree(get(path).body());
    }

    private HttpResponse<String> get(String path) throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(server.getAddress() + path)).build();
        HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
        assertThat(response.statusCode()).as(path + ": " + response.body()).isEqualTo(200);
        return response;
    }
}

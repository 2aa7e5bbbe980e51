package dev.loraplus.samples.gloss;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GlossSplitsTest {
    @Test
    void of_wordNet_isAboutEightTenthsOneTenthOneTenth() throws IOException {
        List<Gloss> glosses = WordNetGlosses.read();
        GlossSplits splits = GlossSplits.of(glosses);

        assertThat(splits.train().size()
                        + splits.validation().size()
                        + splits.test().size())
                .isEqualTo(glosses.size());
        assertThat(splits.train()).hasSizeBetween(93_800, 94_700);
        assertThat(splits.validation()).hasSizeBetween(11_400, 12_200);
        assertThat(splits.test()).hasSizeBetween(11_400, 12_200);
    }

    @Test
    void of_wordNet_leavesNoTextInTwoSplits() throws IOException {
        GlossSplits splits = GlossSplits.of(WordNetGlosses.read());
        Set<String> train = texts(splits.train());
        Set<String> validation = texts(splits.validation());
        Set<String> test = texts(splits.test());

        assertThat(Collections.disjoint(train, validation)).isTrue();
        assertThat(Collections.disjoint(train, test)).isTrue();
        assertThat(Collections.disjoint(validation, test)).isTrue();
    }

    @Test
    void of_anotherOrderOfTheInput_givesTheSameSplits() {
        List<Gloss> glosses = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            glosses.add(new Gloss("definition " + i, i % 45));
        }
        GlossSplits expected = GlossSplits.of(glosses);
        Collections.shuffle(glosses, new Random(7));

        assertThat(GlossSplits.of(glosses)).isEqualTo(expected);
    }

    private static Set<String> texts(List<Gloss> glosses) {
        Set<String> texts = new HashSet<>();
        glosses.forEach(gloss -> texts.add(gloss.text().toLowerCase(Locale.ROOT)));
        return texts;
    }
}

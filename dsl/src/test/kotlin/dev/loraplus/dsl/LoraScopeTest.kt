package dev.loraplus.dsl

import dev.loraplus.Initialization
import dev.loraplus.LoraConfig
import dev.loraplus.Targets
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FreeSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.deeplearning4j.nn.conf.layers.DenseLayer
import org.deeplearning4j.nn.conf.layers.LSTM

class LoraScopeTest :
    FreeSpec({
        "lora() says nothing, so every value is the Java builder's default" {
            config() shouldBe LoraConfig.builder().build()
        }

        "lora(rank = 4, lambda = 8, alpha = 32) sets the three numbers" {
            config(rank = 4, lambda = 8, alpha = 32) shouldBe java { rank(4).lambda(8.0).alpha(32.0) }
        }

        "lambda and alpha are numbers of any kind" {
            config(lambda = 8, alpha = 32) shouldBe config(lambda = 8.0, alpha = 32.0)
            config(lambda = 8f, alpha = 32L) shouldBe config(lambda = 8.0, alpha = 32.0)
            config(lambda = 2.5).lambda() shouldBe 2.5
        }

        "targets" - {
            "are included by name" {
                config { targets { include("query", "value") } } shouldBe java { targets("query", "value") }
            }
            "add up, within a block and between blocks" {
                config {
                    targets {
                        include("query")
                        regex("v.*")
                    }
                    targets { glob("*.key.*") }
                } shouldBe
                    java {
                        targets(Targets.named("query").and(Targets.regex("v.*")).and(Targets.glob("*.key.*")))
                    }
            }
            "lose what is excluded, wherever that is said" {
                config {
                    targets {
                        exclude("value")
                        include("query", "value")
                        exclude { glob("*.0.*") }
                    }
                } shouldBe
                    java {
                        targets(Targets.named("query", "value").exclude("value").exclude(Targets.glob("*.0.*")))
                    }
            }
            "are the default's without some, if only exclusions are given" {
                val defaults = LoraConfig.builder().build().targets()
                config { targets { exclude("value") } } shouldBe java { targets(defaults.exclude("value")) }
            }
            "of a network are selected by type and position too" {
                NetworkLoraScope(null, null, null)
                    .apply {
                        targets {
                            byType<DenseLayer>()
                            index(0, 2)
                            exclude { byType<LSTM>() }
                        }
                    }.config() shouldBe
                    java {
                        val chosen = Targets.layerClass(DenseLayer::class.java).and(Targets.index(0, 2))
                        targets(chosen.exclude(Targets.layerClass(LSTM::class.java)))
                    }
            }
            "are none where only modules to save are trained" {
                config {
                    targets {
                        none()
                        modulesToSave("classifier")
                    }
                } shouldBe java { targets(Targets.none()).modulesToSave("classifier") }
            }
        }

        "modules to save and their rate" {
            config {
                targets {
                    modulesToSave("classifier")
                    modulesToSave("pooler", "norm")
                }
                headRate = 5e-3
            } shouldBe java { modulesToSave("classifier", "pooler", "norm").headRate(5e-3) }
        }

        "dropout, initialization and seed" {
            config {
                dropout = 0.1
                initialization = Initialization.B_RANDOM_A_ZERO
                seed = 42
            } shouldBe java { dropout(0.1).initialization(Initialization.B_RANDOM_A_ZERO).seed(42) }
        }

        "what is wrong is refused in one sentence" - {
            "a rank of 0" {
                mistake { config(rank = 0) } shouldBe "rank must be at least 1, got 0."
            }
            "a lambda of 0" {
                mistake { config(lambda = 0) } shouldBe "lambda must be finite and above 0, got 0.0."
            }
            "no name" {
                mistake { config { targets { include() } } } shouldContain "at least one name"
            }
            "a rate for a head that isn't there" {
                mistake { config { headRate = 1 } } shouldContain "modulesToSave"
            }
            "no weight, and some all the same" {
                mistake {
                    config {
                        targets {
                            none()
                            include("query")
                        }
                    }
                } shouldContain "none() gives factors to no weight, got inclusions or exclusions beside it"
            }
        }
    })

private fun mistake(block: () -> Unit): String? = shouldThrow<IllegalArgumentException>(block).message

private fun java(block: LoraConfig.Builder.() -> Unit): LoraConfig = LoraConfig.builder().apply(block).build()

private fun config(
    rank: Int? = null,
    lambda: Number? = null,
    alpha: Number? = null,
    block: GraphLoraScope.() -> Unit = {},
): LoraConfig = GraphLoraScope(rank, lambda, alpha).apply(block).config()

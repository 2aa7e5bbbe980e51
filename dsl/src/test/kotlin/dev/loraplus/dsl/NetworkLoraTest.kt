package dev.loraplus.dsl

import dev.loraplus.LoraConfig
import dev.loraplus.LoraPlus
import dev.loraplus.dsl.samples.Given
import dev.loraplus.network.NetworkOptions
import dev.loraplus.network.Storage
import dev.loraplus.optim.PeakRate
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FreeSpec
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.deeplearning4j.nn.conf.GradientNormalization
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration
import org.nd4j.linalg.learning.config.Adam
import org.nd4j.linalg.learning.config.NoOp
import org.nd4j.linalg.learning.config.Sgd

class NetworkLoraTest :
    FreeSpec({
        "net.lora() is LoraPlus.attach, for both kinds of network" {
            val config =
                LoraConfig
                    .builder()
                    .rank(2)
                    .lambda(4.0)
                    .targets("hidden")
                    .build()

            val mine = Given.network().lora(rank = 2, lambda = 4) { targets { include("hidden") } }
            val graph = Given.graphOfLayers().lora(rank = 2, lambda = 4) { targets { include("hidden") } }

            json(mine.model()) shouldBe json(LoraPlus.attach(Given.network(), config).model())
            graph.model().configuration.toJson() shouldBe
                LoraPlus
                    .attach(Given.graphOfLayers(), config)
                    .model()
                    .configuration
                    .toJson()
        }

        "optimizer { } is DL4J's fine-tuning" {
            attached {
                optimizer {
                    adamW(eta = 1e-3, beta1 = 0.8, beta2 = 0.9, epsilon = 1e-6)
                    weightDecay = 0.02
                    clip(GradientNormalization.ClipL2PerLayer, 2)
                }
            } shouldBe
                java(
                    fineTuned {
                        updater(Adam(1e-3, 0.8, 0.9, 1e-6))
                        weightDecay(0.02)
                        gradientNormalization(GradientNormalization.ClipL2PerLayer)
                        gradientNormalizationThreshold(2.0)
                    },
                )
        }

        "a schedule is one of the updater's rate" {
            attached {
                optimizer {
                    updater(Sgd(0.1))
                    schedule {
                        warmUp = 3
                        cosine(steps = 10)
                    }
                }
            } shouldBe java(fineTuned { updater(Sgd(PeakRate.cosine(0.1, 3, 10))) })
        }

        "fineTune { } and storage are the options'" {
            attached {
                fineTune { l2(0.1) }
                storage = Storage.EMBEDDED
            } shouldBe java(fineTuned { l2(0.1) }.withStorage(Storage.EMBEDDED))
        }

        "what is said twice, or has no sense, is refused in one sentence" - {
            "two updaters" {
                refused {
                    optimizer {
                        adamW(1e-3)
                        updater(Sgd(0.1))
                    }
                } shouldContain "There is one updater, got Adam"
            }
            "an updater in both places" {
                refused {
                    optimizer { adamW(1e-3) }
                    fineTune { updater(Sgd(0.1)) }
                } shouldBe "fineTune { } sets [updater] again, which optimizer { } has set: say it once."
            }
            "a schedule of nothing" {
                refused { optimizer { schedule { warmUp = 3 } } } shouldBe
                    "schedule { } needs an updater, got none: write for example adamW(1e-3)."
            }
            "a schedule of what has no rate" {
                refused {
                    optimizer {
                        updater(NoOp())
                        schedule { warmUp = 3 }
                    }
                } shouldContain "needs an updater with a learning rate"
            }
            "a schedule that falls twice" {
                refused {
                    optimizer {
                        adamW(1e-3)
                        schedule {
                            linear(steps = 10)
                            cosine(steps = 10)
                        }
                    }
                } shouldBe "A schedule falls in one way, got linear and cosine: drop one of them."
            }
            "a share of unknown steps" {
                refused {
                    optimizer {
                        adamW(1e-3)
                        schedule { warmUpShare = 0.1 }
                    }
                } shouldContain "which a constant schedule does not know"
            }
            "an improvement that nothing waits for" {
                shouldThrow<IllegalArgumentException> {
                    Given.network().lora(rank = 2).train(Given.data(), epochs = 2) {
                        earlyStop(Given.data()) { minImprovement = 0.1 }
                    }
                }.message shouldContain "has no effect without patience"
            }
            "no epoch" {
                shouldThrow<IllegalArgumentException> { Given.network().lora(rank = 2).train(Given.data(), epochs = 0) }
                    .message shouldBe "epochs must be at least 1, got 0."
            }
        }

        "early stopping leaves the network at its best epoch, and reports errors as errors" {
            val adapted = Given.network().lora(rank = 2, lambda = 8)
            val training = adapted.train(Given.data(), epochs = 6) { earlyStop(Given.data()) }

            adapted.model().score(Given.examples()) shouldBe (training.score plusOrMinus 1e-6)
            shouldThrow<IllegalStateException> {
                adapted.train(Given.tooWide(), epochs = 1, batch = 5) { earlyStop(Given.data()) }
            }.message shouldContain "Training with early stopping ended by an error"
        }
    })

private fun json(network: MultiLayerNetwork): String = network.layerWiseConfigurations.toJson()

private fun attached(block: NetworkLoraScope.() -> Unit): String =
    json(Given.network().lora(rank = 2, block = block).model())

private fun java(options: NetworkOptions): String =
    json(LoraPlus.attach(Given.network(), LoraConfig.builder().rank(2).build(), options).model())

private fun fineTuned(block: FineTuneConfiguration.Builder.() -> Unit): NetworkOptions =
    NetworkOptions.defaults().withFineTune(FineTuneConfiguration.Builder().apply(block).build())

private fun refused(block: NetworkLoraScope.() -> Unit): String? =
    shouldThrow<IllegalArgumentException> { Given.network().lora(rank = 2, block = block) }.message

package dev.loraplus.dsl

import dev.loraplus.Initialization
import dev.loraplus.LoraConfig
import dev.loraplus.Targets
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FreeSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain

class LoraScopeTest :
    FreeSpec({
        "lora() says nothing, so every value is the Java builder's default" {
            lora() shouldBe LoraConfig.builder().build()
        }

        "lora(rank = 4, lambda = 8, alpha = 32) sets the three numbers" {
            lora(rank = 4, lambda = 8, alpha = 32) shouldBe
                LoraConfig
                    .builder()
                    .rank(4)
                    .lambda(8.0)
                    .alpha(32.0)
                    .build()
        }

        "lambda and alpha are numbers of any kind" {
            lora(lambda = 8, alpha = 32) shouldBe lora(lambda = 8.0, alpha = 32.0)
            lora(lambda = 8f, alpha = 32L) shouldBe lora(lambda = 8.0, alpha = 32.0)
            lora(lambda = 2.5).lambda() shouldBe 2.5
        }

        "targets" - {
            "by name" {
                lora { targets("query", "value") } shouldBe LoraConfig.builder().targets("query", "value").build()
            }
            "by any selection" {
                val globs = Targets.glob("*.query.*")
                lora { targets(globs) } shouldBe LoraConfig.builder().targets(globs).build()
            }
            "add up" {
                lora {
                    targets("query")
                    targets(Targets.regex("v.*"))
                } shouldBe LoraConfig.builder().targets(Targets.named("query").and(Targets.regex("v.*"))).build()
            }
            "without some" {
                lora {
                    exclude("value")
                    targets("query", "value")
                    exclude(Targets.glob("*.0.*"))
                } shouldBe
                    LoraConfig
                        .builder()
                        .targets(Targets.named("query", "value").exclude("value").exclude(Targets.glob("*.0.*")))
                        .build()
            }
            "are the default's without some, if only exclusions are given" {
                val defaults = LoraConfig.builder().build().targets()
                lora { exclude("value") } shouldBe LoraConfig.builder().targets(defaults.exclude("value")).build()
            }
        }

        "modules to save and their rate" {
            lora {
                modulesToSave("classifier")
                modulesToSave("pooler", "norm")
                headRate = 5e-3
            } shouldBe
                LoraConfig
                    .builder()
                    .modulesToSave("classifier", "pooler", "norm")
                    .headRate(5e-3)
                    .build()
        }

        "dropout, initialization and seed" {
            lora {
                dropout = 0.1
                initialization = Initialization.B_RANDOM_A_ZERO
                seed = 42
            } shouldBe
                LoraConfig
                    .builder()
                    .dropout(0.1)
                    .initialization(Initialization.B_RANDOM_A_ZERO)
                    .seed(42)
                    .build()
        }

        "what is wrong is refused in the builder's words" - {
            "a rank of 0" {
                shouldThrow<IllegalArgumentException> { lora(rank = 0) }.message shouldBe
                    "rank must be at least 1, got 0."
            }
            "a lambda of 0" {
                shouldThrow<IllegalArgumentException> { lora(lambda = 0) }.message shouldContain "lambda must be"
            }
            "no target" {
                shouldThrow<IllegalArgumentException> { lora { targets() } }.message shouldContain "at least one name"
            }
            "a rate for a head that isn't there" {
                shouldThrow<IllegalArgumentException> { lora { headRate = 1 } }.message shouldContain "modulesToSave"
            }
        }
    })

private fun lora(
    rank: Int? = null,
    lambda: Number? = null,
    alpha: Number? = null,
    block: LoraScope.() -> Unit = {},
): LoraConfig = LoraScope(rank, lambda, alpha).apply(block).build()

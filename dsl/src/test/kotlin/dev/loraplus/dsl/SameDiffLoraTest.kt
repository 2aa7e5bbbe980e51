package dev.loraplus.dsl

import dev.loraplus.LoraConfig
import dev.loraplus.NoMatchingTargetException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FreeSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain

class SameDiffLoraTest :
    FreeSpec({
        "graph.lora { } adapts a graph that first computes what it did before" {
            val graph = TinyGraph.create()
            val before = TinyGraph.logits(graph)

            val adapted = graph.lora(rank = 2, lambda = 4) { targets { include("query") } }

            adapted.graph() shouldBe graph
            adapted.config() shouldBe
                LoraConfig
                    .builder()
                    .rank(2)
                    .lambda(4.0)
                    .targets("query")
                    .build()
            adapted.adapter().factors().mapValues { (_, pair) ->
                pair.a().shape().toList() to pair.b().shape().toList()
            } shouldBe
                mapOf("query.weight" to (listOf(7L, 2L) to listOf(2L, 6L)))
            TinyGraph.logits(graph) shouldBe before
        }

        "without targets, every linear layer is adapted" {
            TinyGraph
                .create()
                .lora(rank = 2)
                .adapter()
                .factors()
                .keys shouldBe setOf("query.weight", "value.weight")
        }

        "a name that matches nothing gives the names that exist, and the graph stays as it is" {
            val graph = TinyGraph.create()
            val names = graph.variableMap().keys.toSet()

            shouldThrow<NoMatchingTargetException> { graph.lora { targets { include("key") } } }.message shouldContain
                "'query.weight'"

            graph.variableMap().keys shouldBe names
        }

        "withAdapterDisabled" - {
            val graph = TinyGraph.create()
            val base = TinyGraph.logits(graph)
            val adapted = graph.lora(rank = 2) { targets { modulesToSave("value") } }
            adapted
                .adapter()
                .factors()
                .values
                .forEach { it.b().assign(1) }
            val trained = TinyGraph.logits(graph)

            "computes as the base inside, and as the adapted model after" {
                trained shouldNotBe base
                adapted.withAdapterDisabled { TinyGraph.logits(graph) } shouldBe base
                TinyGraph.logits(graph) shouldBe trained
            }
            "may be nested" {
                adapted.withAdapterDisabled {
                    adapted.withAdapterDisabled { TinyGraph.logits(graph) } shouldBe base
                    TinyGraph.logits(graph) shouldBe base
                }
                TinyGraph.logits(graph) shouldBe trained
            }
            "brings the adapter back after an exception" {
                shouldThrow<ArithmeticException> { adapted.withAdapterDisabled { throw ArithmeticException("stop") } }
                TinyGraph.logits(graph) shouldBe trained
            }
        }
    })

package dev.loraplus.dsl.samples

import dev.loraplus.dsl.PublicFunctions
import io.kotest.core.spec.style.FreeSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import java.lang.reflect.InvocationTargetException
import java.lang.reflect.Method
import java.lang.reflect.Modifier

class SamplesTest :
    FreeSpec({
        val samples = samples()

        "every sample of the documentation runs" - {
            samples.forEach { (name, sample) ->
                name {
                    try {
                        sample.invoke(null)
                    } catch (e: InvocationTargetException) {
                        throw e.targetException
                    }
                }
            }
        }

        "every public function has a sample" {
            PublicFunctions.all().filter { it.samples.isEmpty() }.shouldBeEmpty()
        }

        "every sample that the documentation names exists, and none is left over" {
            PublicFunctions.all().flatMap { it.samples }.toSet() shouldBe samples.keys
        }
    })

private fun samples(): Map<String, Method> =
    listOf("Attaching", "Selecting", "Training", "TrainingNetworks")
        .flatMap { Class.forName("dev.loraplus.dsl.samples.${it}Kt").declaredMethods.toList() }
        .filter { Modifier.isPublic(it.modifiers) && it.parameterCount == 0 && !it.isSynthetic }
        .associateBy { it.name }
        .toSortedMap()

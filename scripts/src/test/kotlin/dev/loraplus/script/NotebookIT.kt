package dev.loraplus.script

import io.kotest.core.spec.style.FreeSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.io.File

/** The cells of docs/notebook.md, which load the library first: here it is on the class path already. */
class NotebookIT :
    FreeSpec({
        "the three cells run one after the other" {
            val page = File("../docs/notebook.md").readText()
            val cells = Regex("```kotlin\n([\\s\\S]*?)```").findAll(page).map { it.groupValues[1] }.toList()
            cells.size shouldBe 3
            val text =
                cells
                    .joinToString("\n")
                    .lines()
                    .filterNot { it.startsWith("@file:") }
                    .joinToString("\n")
            val lora = LoraProcess(tempdir())

            val run = lora.run(lora.script("notebook", text))

            run.err shouldBe ""
            run.code shouldBe 0
            val (before, after) = Regex("loss ([\\d.]+), with the adapter ([\\d.]+)").find(run.out)!!.destructured
            after.toDouble() shouldBeLessThan before.toDouble()
        }
    })

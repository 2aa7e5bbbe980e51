@file:JvmName("AdaptedModels")

package dev.loraplus.dsl

import dev.loraplus.AdaptedModel

/**
 * Runs [block] while the model computes as its base does, fully trained variables included, and returns its result.
 * Calls may be nested; the adapter is back when the outermost one has ended, by an exception too.
 *
 * @sample dev.loraplus.dsl.samples.disabled
 * @throws IllegalStateException if the model is merged or detached
 * @since 0.1.0
 */
public inline fun <T> AdaptedModel<*>.withAdapterDisabled(block: () -> T): T = disable().use { block() }

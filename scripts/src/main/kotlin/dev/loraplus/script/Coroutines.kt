package dev.loraplus.script

import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.startCoroutine

/** Runs what is declared as suspending but never suspends, as all of Kotlin's scripting does. */
internal fun <T> now(block: suspend () -> T): T {
    var result: Result<T>? = null
    block.startCoroutine(Continuation(EmptyCoroutineContext) { result = it })
    return checkNotNull(result) { "A coroutine of Kotlin's scripting was suspended." }.getOrThrow()
}

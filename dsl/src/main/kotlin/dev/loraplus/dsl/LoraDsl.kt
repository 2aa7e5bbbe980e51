package dev.loraplus.dsl

/**
 * Marks the receivers of this DSL, so that an inner block can't reach into an outer one unnoticed.
 *
 * @since 0.1.0
 */
@DslMarker
@Target(AnnotationTarget.CLASS, AnnotationTarget.TYPE)
public annotation class LoraDsl

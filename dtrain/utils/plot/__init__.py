"""Pictures of models: what is drawn (`boxes`), where (`order`, `placement`, `layout`), and the formats (`svg`, ...)."""

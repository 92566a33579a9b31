"""Parts put together: the flow a user edits, the runs it starts, the records they leave."""

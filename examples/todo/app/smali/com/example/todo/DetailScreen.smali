# One item.
.class public final Lcom/example/todo/DetailScreen;
.super Lcom/example/todo/Screen;

# Where the item stands in the list.
.field private final position:I

.method public constructor <init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;I)V
    .registers 4
    invoke-direct {p0, p1, p2}, Lcom/example/todo/Screen;-><init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;)V
    iput p3, p0, Lcom/example/todo/DetailScreen;->position:I
    return-void
.end method

.method public layout()I
    .registers 2
    sget v0, Lcom/example/todo/R$layout;->detail:I
    return v0
.end method

.method public shown()V
    .registers 3
    iget-object v0, p0, Lcom/example/todo/DetailScreen;->store:Lcom/example/todo/Store;
    invoke-virtual {v0}, Lcom/example/todo/Store;->items()Ljava/util/ArrayList;
    move-result-object v0
    iget v1, p0, Lcom/example/todo/DetailScreen;->position:I
    invoke-virtual {v0, v1}, Ljava/util/ArrayList;->get(I)Ljava/lang/Object;
    move-result-object v1
    check-cast v1, Ljava/lang/String;
    sget v0, Lcom/example/todo/R$id;->detail_text:I
    invoke-virtual {p0, v0, v1}, Lcom/example/todo/DetailScreen;->setText(ILjava/lang/CharSequence;)V

    sget v0, Lcom/example/todo/R$id;->delete_button:I
    invoke-virtual {p0, v0}, Lcom/example/todo/DetailScreen;->listen(I)V
    sget v0, Lcom/example/todo/R$id;->back_button:I
    invoke-virtual {p0, v0}, Lcom/example/todo/DetailScreen;->listen(I)V
    return-void
.end method

.method public onClick(Landroid/view/View;)V
    .registers 5
    invoke-virtual {p1}, Landroid/view/View;->getId()I
    move-result v0
    sget v1, Lcom/example/todo/R$id;->delete_button:I
    if-ne v0, v1, :back
    iget-object v0, p0, Lcom/example/todo/DetailScreen;->store:Lcom/example/todo/Store;
    invoke-virtual {v0}, Lcom/example/todo/Store;->items()Ljava/util/ArrayList;
    move-result-object v1
    iget v2, p0, Lcom/example/todo/DetailScreen;->position:I
    invoke-virtual {v1, v2}, Ljava/util/ArrayList;->remove(I)Ljava/lang/Object;
    invoke-virtual {v0, v1}, Lcom/example/todo/Store;->setItems(Ljava/util/ArrayList;)V

    :back
    invoke-virtual {p0}, Lcom/example/todo/DetailScreen;->showList()V
    return-void
.end method

.method public back()V
    .registers 1
    invoke-virtual {p0}, Lcom/example/todo/DetailScreen;->showList()V
    return-void
.end method
